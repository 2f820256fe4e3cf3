from collections.abc import Iterator

import pytest

from tests.docker.stack import Stack, lacking, running_stack


@pytest.fixture(scope="session", autouse=True)
def _needs_docker() -> None:
    fault = lacking()
    if fault:
        pytest.skip(fault)


@pytest.fixture(scope="module")
def stack(_needs_docker: None) -> Iterator[Stack]:
    """A mesh in containers with scripted engines and two replicas of asr."""
    with running_stack("scripted", "--scale", "asr=2", brickwork_engine="scripted") as stack:
        yield stack
