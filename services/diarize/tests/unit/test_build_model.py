import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from brickwork_diarize.build_model import RECIPES, build_model
from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.models import load_catalogue

ROOT = Path(__file__).resolve().parents[4]
NAME = "pyannote-ge2e"


def test_every_model_of_the_catalogue_has_a_recipe_for_each_file() -> None:
    catalogue = {entry.name: entry for entry in load_catalogue("brickwork_diarize")}
    assert set(catalogue) == set(RECIPES)
    for name, entry in catalogue.items():
        assert {file.path for file in entry.files} == {recipe.target for recipe in RECIPES[name]}


def test_a_missing_wheel_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrickworkError) as caught:
        build_model(tmp_path, tmp_path / "out", NAME)
    assert caught.value.reason is Reason.MODEL_MISSING
    assert caught.value.metadata == {"file": "whisperx/assets/pytorch_model.bin"}


def test_another_checkpoint_than_the_pinned_one_is_refused_unread(tmp_path: Path) -> None:
    source = tmp_path / "whisperx" / "assets" / "pytorch_model.bin"
    source.parent.mkdir(parents=True)
    source.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(BrickworkError) as caught:
        build_model(tmp_path, tmp_path / "out", NAME)
    assert caught.value.reason is Reason.MODEL_DIGEST_MISMATCH


def test_an_unknown_model_is_one_line_and_a_failure(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "brickwork_diarize.build_model"]
    done = subprocess.run(
        [*command, str(tmp_path), str(tmp_path), "other"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "MODEL_UNKNOWN" in done.stderr


@pytest.mark.models
def test_the_pinned_wheels_give_the_pinned_bytes(tmp_path: Path) -> None:
    build_model(ROOT / ".brickwork" / "wheels", tmp_path, NAME)
    (entry,) = load_catalogue("brickwork_diarize")
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {file.path: (file.sha256, file.size_bytes) for file in entry.files} == {
        name: (sha256(content).hexdigest(), len(content)) for name, content in made.items()
    }
