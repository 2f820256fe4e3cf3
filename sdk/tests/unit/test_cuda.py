"""What is said where a GPU cannot be used."""

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brickwork_sdk import cuda, cuda_driver
from brickwork_sdk.engine.placement import Placement
from brickwork_sdk.errors import InvalidInput, NotPossible, Reason

DEFAULTS = {"cpu": "int8", "cuda": "float16"}


class FakeDriver:
    """Answers like libcuda with these figures."""

    def __init__(self, status: int = 0, count: int = 1, version: int = 13_000) -> None:
        self.cuInit = lambda flags: status
        self.cuDeviceGetCount = lambda place: _put(place, count)
        self.cuDriverGetVersion = lambda place: _put(place, version)


def _put(place: Any, value: int) -> int:
    place._obj.value = value
    return 0


def opener(driver: FakeDriver) -> Callable[[str], FakeDriver]:
    return lambda name: driver


@pytest.mark.parametrize(
    ("driver", "missing", "said"),
    [
        (FakeDriver(status=100), "card", "sees no GPU"),
        (FakeDriver(count=0), "card", "sees no GPU"),
        (FakeDriver(status=803), "driver", "803"),
        (FakeDriver(version=12_080), "newer driver", "knows CUDA 12.8, and 13.0 is needed"),
    ],
)
def test_a_driver_that_cannot_compute_is_named_with_the_cause(
    monkeypatch: pytest.MonkeyPatch, driver: FakeDriver, missing: str, said: str
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", opener(driver))
    lack = cuda_driver.lack()
    assert lack is not None
    assert lack.missing == missing
    assert said in lack.sentence


def test_a_driver_with_a_gpu_lacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", opener(FakeDriver()))
    assert cuda_driver.lack() is None
    cuda.require_gpu()


def test_a_machine_without_a_driver_lacks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_driver, "DRIVER", "libno-such-driver.so")
    with pytest.raises(NotPossible) as caught:
        cuda.require_gpu()
    assert caught.value.reason is Reason.DEVICE_UNAVAILABLE
    assert caught.value.metadata == {"device": "cuda", "missing": "driver"}


def test_a_library_that_no_wheel_and_no_system_has_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cuda_driver, "lack", lambda: None)
    with pytest.raises(NotPossible) as caught:
        cuda.open_gpu(["no_such_package/lib/libnosuch.so.12"])
    assert caught.value.metadata["missing"] == "libnosuch.so.12"
    assert "make setup GPU=1" in caught.value.message


def test_a_library_is_taken_from_the_wheel_that_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    library = tmp_path / "vendor_of_gpus" / "cublas" / "lib" / "libcublas.so.12"
    library.parent.mkdir(parents=True)
    library.touch()
    opened: list[str] = []
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(cuda_driver, "lack", lambda: None)
    monkeypatch.setattr(ctypes, "CDLL", opened.append)
    cuda.open_gpu(["vendor_of_gpus/cublas/lib/libcublas.so.12", "vendor_of_gpus/lib/libother.so"])
    assert opened == [str(library), "libother.so"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, Placement("cpu", "int8")),
        ({"device": "", "precision": ""}, Placement("cpu", "int8")),
        ({"device": "cuda"}, Placement("cuda", "float16")),
        ({"device": "cuda", "precision": "float32"}, Placement("cuda", "float32")),
    ],
)
def test_a_precision_that_is_not_named_is_the_default_of_the_device(
    options: dict[str, str], expected: Placement
) -> None:
    assert Placement.of(options, DEFAULTS) == expected


def test_a_precision_that_the_device_lacks_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(InvalidInput) as caught:
        Placement("cpu", "float16").require_precision({"int8", "float32"})
    assert caught.value.reason is Reason.SETTING_INVALID
    assert "float32, int8" in caught.value.message


def test_networks_share_what_a_grant_leaves_beside_the_context() -> None:
    assert cuda.arena_options(4 * 2**30, 2) == {"gpu_mem_limit": str(1536 * 2**20)}
    assert cuda.arena_options(2**20, 2) == {"gpu_mem_limit": "0"}
    assert cuda.arena_options(None, 2) == {}
