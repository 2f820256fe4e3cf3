"""How many inputs each run takes, and which one is the first."""

import pytest

INPUTS = 276
"""Enough that each RPC gets twelve, in the time that a run of every test has for them."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `make fuzz INPUTS= FIRST_SEED=` gives."""
    parser.addoption("--inputs", type=int, default=INPUTS, help="inputs of tests/fuzz, in all")
    parser.addoption("--first-seed", type=int, default=1, help="the seed of the first input")


@pytest.fixture(scope="session")
def input_count(pytestconfig: pytest.Config) -> int:
    """The inputs of all RPCs together."""
    return int(pytestconfig.getoption("--inputs", default=INPUTS))


@pytest.fixture(scope="session")
def first_seed(pytestconfig: pytest.Config) -> int:
    """The seed of the first input of each RPC."""
    return int(pytestconfig.getoption("--first-seed", default=1))
