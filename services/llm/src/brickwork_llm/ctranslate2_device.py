"""Where CTranslate2 computes."""

from collections.abc import Mapping

import ctranslate2

from brickwork_sdk.cuda import CUBLAS_12, open_gpu, unavailable
from brickwork_sdk.engine.placement import Placement

_PRECISIONS = {"cpu": "int8", "cuda": "float16"}
"""Of each device: few processors compute in float16."""


def check(options: Mapping[str, str]) -> Placement:
    """See that the model can compute as the options say; nothing is allocated for that.

    Raises:
        NotPossible: DEVICE_UNAVAILABLE, with what is missing.
        InvalidInput: SETTING_INVALID, the precision is not possible there.
    """
    place = Placement.of(options, _PRECISIONS)
    if place.device == "cuda":
        open_gpu(CUBLAS_12)
        if ctranslate2.get_cuda_device_count() == 0:
            raise unavailable("CUDA", "CTranslate2 cannot use the GPU that the driver sees.")
    place.require_precision(ctranslate2.get_supported_compute_types(place.device))
    return place
