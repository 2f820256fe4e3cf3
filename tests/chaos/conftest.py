"""How often each kind of death is tried."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --rounds, as `make chaos ROUNDS=` gives it."""
    parser.addoption("--rounds", type=int, default=1, help="rounds of tests/chaos")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that asks for a round as often as there are rounds."""
    if "round_number" in metafunc.fixturenames:
        metafunc.parametrize(
            "round_number", range(metafunc.config.getoption("--rounds", default=1))
        )
