"""Whether a model library computes where the options say.

A library is handed in by the engine that runs on it, since the SDK imports none. What is looked at
here allocates nothing on a device.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

from brickwork_sdk.cuda import CUBLAS_12, CUDA_13, open_gpu, require_gpu, unavailable
from brickwork_sdk.engine.placement import Placement

_CTRANSLATE2_PRECISIONS = {"cpu": "int8", "cuda": "float16"}
"""Of each device: few processors compute in float16."""
_FLOAT32 = {"cpu": "float32", "cuda": "float32"}


class Ctranslate2(Protocol):
    """What is asked of the module `ctranslate2`."""

    def get_cuda_device_count(self) -> int:
        """Return how many GPUs it can use."""
        ...

    def get_supported_compute_types(self, device: str) -> Collection[str]:
        """Return the precisions that it has on a device."""
        ...


class OnnxRuntime(Protocol):
    """What is asked of the module `onnxruntime`."""

    def get_available_providers(self) -> Collection[str]:
        """Return what it was built to compute on."""
        ...


class TorchCuda(Protocol):
    """What is asked of the module `torch.cuda`."""

    def is_available(self) -> bool:
        """Tell whether torch was built for a GPU, and sees one."""
        ...


def check_ctranslate2(library: Ctranslate2, options: Mapping[str, str]) -> Placement:
    """See that a model can compute as the options say.

    Raises:
        NotPossible: DEVICE_UNAVAILABLE, with what is missing.
        InvalidInput: SETTING_INVALID, the precision is not possible there.
    """
    place = Placement.of(options, _CTRANSLATE2_PRECISIONS)
    if place.device == "cuda":
        open_gpu(CUBLAS_12)
        if library.get_cuda_device_count() == 0:
            raise unavailable("CUDA", "CTranslate2 cannot use the GPU that the driver sees.")
    place.require_precision(library.get_supported_compute_types(place.device))
    return place


def check_onnxruntime(library: OnnxRuntime, options: Mapping[str, str]) -> Placement:
    """See that networks can compute as the options say.

    Raises:
        NotPossible: DEVICE_UNAVAILABLE, with what is missing.
        InvalidInput: SETTING_INVALID, the precision is not possible there.
    """
    place = Placement.of(options, _FLOAT32)
    place.require_precision({"float32"})
    if place.device == "cuda":
        open_gpu(CUDA_13)
        if "CUDAExecutionProvider" not in library.get_available_providers():
            raise unavailable(
                "onnxruntime-gpu",
                "The ONNX Runtime that is installed knows no GPU; `make setup GPU=1` changes that.",
            )
    return place


def check_torch(library: TorchCuda, options: Mapping[str, str]) -> Placement:
    """See that a network of torch can compute as the options say; it opens CUDA itself.

    Raises:
        NotPossible: DEVICE_UNAVAILABLE, with what is missing.
        InvalidInput: SETTING_INVALID, the precision is not possible there.
    """
    place = Placement.of(options, _FLOAT32)
    place.require_precision({"float32"})
    if place.device == "cuda":
        require_gpu()
        if not library.is_available():
            raise unavailable(
                "CUDA", "The torch that is installed cannot use the GPU that is here."
            )
    return place
