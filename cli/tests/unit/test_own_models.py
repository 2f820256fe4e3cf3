"""`brickwork models` with models that a site brings itself."""

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from brickwork_cli.__main__ import brickwork


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BRICKWORK_CLI_HOME", str(tmp_path / "home"))
    content = b"weights"
    (tmp_path / "own.nemo").write_bytes(content)
    entry = {
        "name": "own",
        "engine": "brickwork_asr.nemo_engine",
        "licence": "ours",
        "origin": "made here",
        "footprint_bytes": 1000,
        "build": {"files": {"model.nemo": ["own.nemo"]}},
        "files": [
            {
                "path": "model.nemo",
                "sha256": hashlib.sha256(content).hexdigest(),
                "size_bytes": len(content),
            }
        ],
    }
    path = tmp_path / "own.json"
    path.write_text(json.dumps([entry]))
    return path


def test_the_models_of_a_site_are_built_by_themselves_and_listed_with_the_rest(own: Path) -> None:
    built = CliRunner().invoke(
        brickwork, ["models", "build", "--own", str(own), "--from", str(own.parent)]
    )
    assert built.exit_code == 0, built.output
    assert (own.parent / "home" / "models" / "own" / "model.nemo").read_bytes() == b"weights"
    listed = CliRunner().invoke(brickwork, ["models", "list", "--json", "--own", str(own)])
    states = {(one["brick"], one["name"]): one["state"] for one in json.loads(listed.output)}
    assert states["asr", "own"] == "ready"
    assert states["asr", "whisper-base"] == "MODEL_MISSING"


def test_a_file_of_models_that_is_wrong_is_refused_in_one_sentence(own: Path) -> None:
    own.write_text("{}")
    built = CliRunner().invoke(
        brickwork, ["models", "build", "--own", str(own), "--from", str(own.parent)]
    )
    assert built.exit_code == 1
    assert built.output.strip().endswith("[SETTING_INVALID]")
