"""Which settings put the models of a mesh onto a GPU."""

from brickwork_sdk.cuda import require_gpu

GPU_BRICKS = ("asr", "diarize", "ocr", "llm")
"""Those whose engines can compute there; translate stays on the processor."""


def device_settings(device: str) -> dict[str, str]:
    """Return what the processes of a mesh are told, besides what they inherit.

    On `cpu` that is nothing, so that an operator can name the device of a single brick.

    Args:
        device: `cpu` or `cuda`.

    Raises:
        NotPossible: DEVICE_UNAVAILABLE, with what is missing.
    """
    if device == "cpu":
        return {}
    require_gpu()
    bricks = {f"BRICKWORK_{name.upper()}_DEVICE": device for name in GPU_BRICKS}
    return {"BRICKWORK_BROKER_DEVICE": "cuda:0", **bricks}
