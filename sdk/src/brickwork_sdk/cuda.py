"""The GPU and its libraries, seen before a model library asks for them.

A model library that finds no GPU says so late, in its own words, or goes on without it.
"""

import ctypes
import importlib.util
from collections.abc import Sequence
from pathlib import Path

from brickwork_sdk import cuda_driver
from brickwork_sdk.errors import NotPossible, Reason

CUBLAS_12 = ("nvidia/cublas/lib/libcublas.so.12",)
"""What CTranslate2 opens, by its bare name."""
CUDA_13 = (
    "nvidia/cu13/lib/libcudart.so.13",
    "nvidia/cu13/lib/libnvrtc.so.13",
    "nvidia/cu13/lib/libcublasLt.so.13",
    "nvidia/cu13/lib/libcublas.so.13",
    "nvidia/cu13/lib/libcurand.so.10",
    "nvidia/cu13/lib/libcufft.so.12",
    "nvidia/cudnn/lib/libcudnn.so.9",
)
"""What ONNX Runtime opens, by bare names; each stands after what it needs itself."""
CONTEXT_BYTES = 2**30
"""What a context and the code of the libraries take of a GPU, by reckoning; no arena counts it."""


def arena_options(granted_bytes: int | None, network_count: int) -> dict[str, str]:
    """Return what keeps each network of a process to its share of a grant.

    Source: ONNX Runtime's documentation, CUDA execution provider, `gpu_mem_limit`: of the arena of
    one session, in bytes.

    Args:
        granted_bytes: for all of the process; None where nothing limits it.
        network_count: how many sessions share it alike.
    """
    if granted_bytes is None:
        return {}
    return {"gpu_mem_limit": str(max(0, granted_bytes - CONTEXT_BYTES) // network_count)}


def require_gpu() -> None:
    """See that a GPU can compute here; nothing is allocated on it.

    Raises:
        NotPossible: DEVICE_UNAVAILABLE, with what is missing.
    """
    lack = cuda_driver.lack()
    if lack is not None:
        raise unavailable(lack.missing, lack.sentence)


def open_gpu(libraries: Sequence[str]) -> None:
    """See that a GPU is there, and open libraries so that others find them by bare name.

    The dynamic linker takes a library that is loaded already whatever its folder, while a search
    path would have to be known before the process begins. What no wheel holds is searched where
    the system keeps its libraries.

    Args:
        libraries: paths as NVIDIA's wheels have them.

    Raises:
        NotPossible: DEVICE_UNAVAILABLE, with what is missing.
    """
    require_gpu()
    for library in libraries:
        try:
            ctypes.CDLL(_place(library))
        except OSError as error:
            name = Path(library).name
            raise unavailable(
                name,
                f"{name}, which computing on a GPU takes, cannot be opened ({error}); "
                "`make setup GPU=1` installs it.",
            ) from error


def unavailable(missing: str, sentence: str) -> NotPossible:
    """Return the error for a device that cannot be used."""
    metadata = {"device": "cuda", "missing": missing}
    return NotPossible(Reason.DEVICE_UNAVAILABLE, sentence, metadata=metadata)


def _place(library: str) -> str:
    """Return where a wheel has put a library, or its bare name."""
    package, _, rest = library.partition("/")
    found = importlib.util.find_spec(package)
    for folder in found.submodule_search_locations or () if found else ():
        if (path := Path(folder) / rest).exists():
            return str(path)
    return Path(library).name
