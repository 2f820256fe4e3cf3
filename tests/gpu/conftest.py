"""What every test on a GPU needs: the GPU, its libraries, and NVML's own word on it."""

from collections.abc import Callable

import pynvml
import pytest

from brickwork_sdk import cuda_driver

Reading = Callable[[], int]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests marked `gpu` where there is none, and say what is missing."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    lack = cuda_driver.lack() if marked else None
    if lack is not None:
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=lack.sentence))


@pytest.fixture
def used_bytes() -> Reading:
    """Return what tells how much of the first GPU is used, by NVML."""
    pynvml.nvmlInit()
    handle = pynvml.nvmlDeviceGetHandleByIndex(0)
    return lambda: int(pynvml.nvmlDeviceGetMemoryInfo(handle).used)
