"""How often everything goes wrong, on which disk, and the table of what came of it."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.tally import table
from tests.conftest import Mesh, running

ROUNDS = 3
DISK_BYTES = 192 * 1024 * 1024
"""Room for the jobs of many rounds, and soon filled."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `make chaos ROUNDS= FIRST_ROUND=` gives."""
    parser.addoption("--rounds", type=int, default=ROUNDS, help="rounds of tests/chaos")
    parser.addoption(
        "--first-round", type=int, default=1, help="the first round, and the seed of its faults"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that asks for a round as often as there are rounds."""
    if "round_number" in metafunc.fixturenames:
        first = metafunc.config.getoption("--first-round", default=1)
        count = metafunc.config.getoption("--rounds", default=ROUNDS)
        metafunc.parametrize("round_number", range(first, first + count))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what went wrong on purpose, and what came of it."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    lines = table([dict(report.user_properties) for report in reports])
    if lines:
        terminalreporter.section("what went wrong on purpose")
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path | None]:
    """A disk that a test may fill; None where this user may not mount one."""
    folder = tmp_path_factory.mktemp("disk")
    options = f"size={DISK_BYTES},mode=0700"
    mount = ["mount", "-t", "tmpfs", "-o", options, "brickwork-chaos", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        yield None
        return
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="session")
def mesh(small_disk: Path | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """The mesh that everything happens to; its state lies on the small disk, where there is one."""
    home = small_disk or tmp_path_factory.mktemp("home")
    with running(home / "home") as mesh:
        yield mesh
