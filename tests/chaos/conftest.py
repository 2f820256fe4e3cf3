"""Rounds: every test of this folder, as often as `make chaos ROUNDS=` asks for."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, default=1, help="how often each process is killed")


@pytest.fixture
def round_number() -> int:
    """The number of this round, from 1; only the name of the test needs it."""
    return 1


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    # Where the folder is not named on the command line, the option is not known.
    rounds: int = metafunc.config.getoption("rounds", 1)
    if rounds > 1:
        metafunc.fixturenames.append("round_number")
        metafunc.parametrize("round_number", range(1, rounds + 1))
