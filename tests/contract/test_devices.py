"""Where a brick computes: what it is told at its start, and what it says where it cannot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from brickwork_sdk import cuda_driver
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.trial import try_engine
from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.models import load_catalogue

GPU_BRICKS = ("asr", "diarize", "llm", "ocr")
START_SECONDS_MAX = 100.0

without_gpu = pytest.mark.skipif(cuda_driver.lack() is None, reason="this machine has a GPU")


def engine_of(brick: str) -> str:
    return load_catalogue(f"brickwork_{brick}")[0].engine


def refusal(brick: str, folder: Path, **settings: str) -> str:
    """Start a brick that cannot serve, and return what it says as it ends."""
    named = {
        "LISTEN": f"unix:{folder}/brick.sock",
        "BROKER": f"unix:{folder}/broker.sock",
        "MODELS_DIR": str(folder),
        "OBJECTS_DIR": str(folder),
        **settings,
    }
    prefix = f"BRICKWORK_{brick.upper()}_"
    ended = subprocess.run(
        [sys.executable, "-m", f"brickwork_{brick}"],
        env={**os.environ, **{prefix + name: value for name, value in named.items()}},
        capture_output=True,
        text=True,
        timeout=START_SECONDS_MAX,
    )
    assert ended.returncode == 1, ended.stderr
    return ended.stderr.splitlines()[-1]


@without_gpu
@pytest.mark.parametrize("brick", GPU_BRICKS)
async def test_an_engine_that_shall_use_a_gpu_never_goes_on_without_one(brick: str) -> None:
    with pytest.raises(BrickworkError) as caught:
        await try_engine(engine_of(brick), {"device": "cuda"})
    assert caught.value.reason is Reason.DEVICE_UNAVAILABLE
    assert caught.value.metadata["missing"] in {"driver", "card", "newer driver"}


@pytest.mark.parametrize(
    ("brick", "precision", "expected"),
    [("asr", "float32", "float32"), ("llm", "int8", "int8"), ("diarize", "", "float32")],
)
async def test_an_engine_computes_in_the_precision_that_it_is_told(
    brick: str, precision: str, expected: str
) -> None:
    description = await try_engine(engine_of(brick), {"device": "cpu", "precision": precision})
    assert description == EngineDescription("trial", expected, "cpu")


@without_gpu
def test_a_brick_ends_at_once_and_says_what_the_device_lacks(tmp_path: Path) -> None:
    said = refusal("diarize", tmp_path, DEVICE="cuda")
    assert said.endswith("[DEVICE_UNAVAILABLE]")


def test_a_brick_ends_at_once_and_names_the_precisions_that_there_are(tmp_path: Path) -> None:
    said = refusal("llm", tmp_path, PRECISION="int8_float16")
    assert "int8_float16 is not possible on cpu" in said
    assert "float32" in said
    assert said.endswith("[SETTING_INVALID]")


@pytest.mark.parametrize(
    ("brick", "setting", "value"),
    [("translate", "DEVICE", "tpu"), ("ocr", "PRECISION", "int8"), ("asr", "DEVICE", "tpu")],
)
def test_a_setting_that_no_engine_of_the_brick_has_is_refused_by_its_name(
    tmp_path: Path, brick: str, setting: str, value: str
) -> None:
    said = refusal(brick, tmp_path, **{setting: value})
    assert f"BRICKWORK_{brick.upper()}_{setting}" in said
    assert said.endswith("[SETTING_INVALID]")


def test_a_brick_whose_models_all_stay_on_the_processor_takes_no_gpu(tmp_path: Path) -> None:
    said = refusal("translate", tmp_path, DEVICE="cuda")
    assert said == "No model of translate has an engine for a GPU. [DEVICE_UNAVAILABLE]"
