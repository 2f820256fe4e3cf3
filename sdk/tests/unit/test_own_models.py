import json
from pathlib import Path
from typing import Any

import pytest

from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.models import load_catalogue
from brickwork_sdk.own_models import catalogue_of, read_own

OWN: dict[str, Any] = {
    "name": "own",
    "engine": "brickwork_asr.nemo_engine",
    "licence": "ours",
    "origin": "made here",
    "footprint_bytes": 1000,
    "build": {"files": {"model.nemo": ["own.nemo"]}},
    "files": [{"path": "model.nemo", "sha256": "0" * 64, "size_bytes": 1}],
}


def written(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "models.json"
    path.write_text(json.dumps(entries))
    return path


def test_a_brick_serves_the_models_of_its_site_after_its_own(tmp_path: Path) -> None:
    other = {**OWN, "name": "other", "engine": "brickwork_diarize.sortformer_engine"}
    found = catalogue_of("brickwork_asr", written(tmp_path, other, OWN))
    brought = load_catalogue("brickwork_asr")
    assert found[: len(brought)] == brought
    assert [entry.name for entry in found[len(brought) :]] == ["own"]
    assert catalogue_of("brickwork_asr", None) == brought


def test_a_name_stands_for_one_model(tmp_path: Path) -> None:
    taken = {**OWN, "name": load_catalogue("brickwork_asr")[0].name}
    with pytest.raises(InvalidInput, match="there is already") as caught:
        catalogue_of("brickwork_asr", written(tmp_path, taken))
    assert caught.value.reason is Reason.SETTING_INVALID


@pytest.mark.parametrize(
    ("entry", "place"),
    [({**OWN, "footprint_bytes": -1}, "footprint_bytes"), ({**OWN, "files": []}, "files")],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, entry: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidInput, match=rf"0\.{place}") as caught:
        read_own(written(tmp_path, entry))
    assert caught.value.reason is Reason.SETTING_INVALID


def test_a_file_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read") as caught:
        read_own(tmp_path / "none.json")
    assert caught.value.reason is Reason.SETTING_INVALID
