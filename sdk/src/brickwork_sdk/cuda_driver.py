"""Tell whether an NVIDIA GPU can compute here: `python cuda_driver.py`, silent when one can.

Nothing beyond the standard library is used, because `make setup` asks before there is anything
else. No context is made, so the GPU's memory stays as it is.
"""

import ctypes
import sys
from dataclasses import dataclass

DRIVER = "libcuda.so.1"
CUDA_MIN = 13_000
"""ONNX Runtime's wheel is built with CUDA 13.0; the other libraries ask for less.
Source: CUDA driver API, cuDriverGetVersion: 1000 times the major version, 10 times the minor."""
_NO_GPU = 100
"""CUDA_ERROR_NO_DEVICE. Source: CUDA driver API, CUresult."""


@dataclass(frozen=True)
class Lack:
    """What is missing (`driver`, `card` or `newer driver`), and a sentence that says so."""

    missing: str
    sentence: str


def lack() -> Lack | None:
    """Return what keeps a GPU from computing here, or None."""
    try:
        driver = ctypes.CDLL(DRIVER)
    except OSError as error:
        return Lack("driver", f"There is no NVIDIA driver here: {error}.")
    status = driver.cuInit(0)
    count = ctypes.c_int(0)
    if status == 0:
        status = driver.cuDeviceGetCount(ctypes.byref(count))
    if status == _NO_GPU or (status == 0 and count.value == 0):
        return Lack("card", "The NVIDIA driver sees no GPU here.")
    if status != 0:
        return Lack("driver", f"The NVIDIA driver does not start: it answers {status} to cuInit.")
    version = ctypes.c_int(0)
    driver.cuDriverGetVersion(ctypes.byref(version))
    if version.value < CUDA_MIN:
        known, needed = (f"{n // 1000}.{n % 1000 // 10}" for n in (version.value, CUDA_MIN))
        return Lack(
            "newer driver",
            f"The NVIDIA driver here knows CUDA {known}, and {needed} is needed (driver 580).",
        )
    return None


if __name__ == "__main__":
    found = lack()
    sys.exit(found.sentence if found else 0)
