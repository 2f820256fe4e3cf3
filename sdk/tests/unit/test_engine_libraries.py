"""What a model library is asked before anything is loaded into it."""

import pytest

from brickwork_sdk.cuda import CUBLAS_12
from brickwork_sdk.engine import libraries
from brickwork_sdk.engine.libraries import check_ctranslate2, check_onnxruntime, check_torch
from brickwork_sdk.engine.placement import Placement
from brickwork_sdk.errors import InvalidInput, NotPossible


class Library:
    """Answers as any of the libraries does that sees so many GPUs."""

    def __init__(self, gpu_count: int = 1) -> None:
        self._gpu_count = gpu_count

    def get_cuda_device_count(self) -> int:
        return self._gpu_count

    def get_supported_compute_types(self, device: str) -> set[str]:
        return {"float32", {"cpu": "int8", "cuda": "float16"}[device]}

    def get_available_providers(self) -> list[str]:
        return ["CUDAExecutionProvider"] if self._gpu_count else ["CPUExecutionProvider"]

    def is_available(self) -> bool:
        return self._gpu_count > 0


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    found: list[object] = []
    monkeypatch.setattr(libraries, "open_gpu", found.append)
    monkeypatch.setattr(libraries, "require_gpu", lambda: found.append(()))
    return found


def test_each_library_has_its_own_precision_on_each_device() -> None:
    assert check_ctranslate2(Library(), {}) == Placement("cpu", "int8")
    assert check_ctranslate2(Library(), {"device": "cuda"}) == Placement("cuda", "float16")
    assert check_onnxruntime(Library(), {}) == Placement("cpu", "float32")
    assert check_onnxruntime(Library(), {"device": "cuda"}) == Placement("cuda", "float32")
    assert check_torch(Library(), {}) == Placement("cpu", "float32")
    assert check_torch(Library(), {"device": "cuda"}) == Placement("cuda", "float32")


def test_a_gpu_is_opened_only_where_it_is_asked_for(opened: list[object]) -> None:
    check_ctranslate2(Library(0), {"device": "cpu"})
    check_onnxruntime(Library(0), {"device": "cpu"})
    check_torch(Library(0), {"device": "cpu"})
    assert opened == []
    check_ctranslate2(Library(), {"device": "cuda"})
    assert opened == [CUBLAS_12]


def test_a_library_that_does_not_see_the_gpu_is_named() -> None:
    with pytest.raises(NotPossible, match="CTranslate2 cannot use the GPU") as caught:
        check_ctranslate2(Library(0), {"device": "cuda"})
    assert caught.value.metadata == {"device": "cuda", "missing": "CUDA"}
    with pytest.raises(NotPossible, match="knows no GPU") as caught:
        check_onnxruntime(Library(0), {"device": "cuda"})
    assert caught.value.metadata == {"device": "cuda", "missing": "onnxruntime-gpu"}
    with pytest.raises(NotPossible, match="torch that is installed cannot use the GPU") as caught:
        check_torch(Library(0), {"device": "cuda"})
    assert caught.value.metadata == {"device": "cuda", "missing": "CUDA"}


def test_a_precision_that_the_library_lacks_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(InvalidInput, match="float32, int8"):
        check_ctranslate2(Library(), {"precision": "float4"})
    with pytest.raises(InvalidInput, match="possible are: float32"):
        check_onnxruntime(Library(), {"precision": "int8"})
    with pytest.raises(InvalidInput, match="possible are: float32"):
        check_torch(Library(), {"precision": "float16"})
