import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.model_build import build
from brickwork_sdk.models import BuildByModule, CatalogueEntry, ModelStore, load_catalogue

WEIGHTS, WORDS = b"weights of a model", b'{"a": 1}'


def entry(**changes: Any) -> CatalogueEntry:
    fields: dict[str, Any] = {
        "name": "tiny",
        "engine": "brickwork_test.engine",
        "licence": "MIT",
        "origin": "made for this test",
        "footprint_bytes": 1000,
        "languages": ["en"],
        "build": {"files": {"model.bin": ["one/a", "two/b"], "sub/words.json": ["one/words"]}},
        "files": [
            {
                "path": path,
                "sha256": hashlib.sha256(content).hexdigest(),
                "size_bytes": len(content),
            }
            for path, content in (("model.bin", WEIGHTS), ("sub/words.json", WORDS))
        ],
        **changes,
    }
    return CatalogueEntry.model_validate(fields)


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    for path, content in (
        ("one/a", WEIGHTS[:5]),
        ("two/b", WEIGHTS[5:]),
        ("one/words", WORDS),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "store")


def reason_of(store: ModelStore, name: str = "tiny") -> tuple[Reason, str]:
    with pytest.raises(BrickworkError) as caught:
        store.get(name)
    return caught.value.reason, caught.value.metadata["file"]


def left_over(store: ModelStore) -> list[str]:
    return sorted(path.name for path in store.root.iterdir() if path.name != ".lock")


def test_a_model_is_built_from_its_parts_and_found_by_name(store: ModelStore, wheels: Path) -> None:
    built = build(store, entry(), wheels)
    found = store.get("tiny")
    assert found == built
    assert (found.directory / "model.bin").read_bytes() == WEIGHTS
    assert (found.directory / "sub" / "words.json").read_bytes() == WORDS
    assert store.names() == left_over(store) == ["tiny"]


def test_the_digest_depends_on_the_files_alone(store: ModelStore, wheels: Path) -> None:
    digest = build(store, entry(), wheels).digest
    assert len(digest) == 64
    assert entry(origin="elsewhere").manifest.digest == digest
    assert entry(files=list(reversed(entry().files))).manifest.digest == digest
    other = [{"path": "model.bin", "sha256": "0" * 64, "size_bytes": 1}]
    assert entry(files=other).manifest.digest != digest


def test_a_built_model_is_not_built_again(store: ModelStore, wheels: Path) -> None:
    build(store, entry(), wheels)
    (wheels / "one" / "a").unlink()
    assert build(store, entry(), wheels).name == "tiny"


def test_a_damaged_model_is_refused_and_built_again(store: ModelStore, wheels: Path) -> None:
    path = build(store, entry(), wheels).directory / "model.bin"
    path.write_bytes(b"W" + WEIGHTS[1:])
    assert reason_of(store) == (Reason.MODEL_DIGEST_MISMATCH, "model.bin")
    path.write_bytes(WEIGHTS[:3])
    assert reason_of(store) == (Reason.MODEL_DIGEST_MISMATCH, "model.bin")
    path.unlink()
    assert reason_of(store) == (Reason.MODEL_MISSING, "model.bin")
    build(store, entry(), wheels)
    assert path.read_bytes() == WEIGHTS


def test_a_model_that_is_not_there_is_missing(store: ModelStore, wheels: Path) -> None:
    build(store, entry(), wheels)
    for name in ("other", "", "../tiny", "a/b", "."):
        assert reason_of(store, name)[0] is Reason.MODEL_MISSING


def test_a_manifest_that_is_none_is_refused(store: ModelStore, wheels: Path) -> None:
    path = build(store, entry(), wheels).directory / "manifest.json"
    for content in (b"", b"{}", b"\xff"):
        path.write_bytes(content)
        assert reason_of(store) == (Reason.MODEL_DIGEST_MISMATCH, "manifest.json")


def test_a_part_that_is_missing_is_named_and_leaves_nothing(
    store: ModelStore, wheels: Path
) -> None:
    (wheels / "two" / "b").unlink()
    with pytest.raises(BrickworkError, match="two/b is not among") as caught:
        build(store, entry(), wheels)
    assert caught.value.reason is Reason.MODEL_MISSING
    assert left_over(store) == []


def test_a_part_with_other_content_is_refused_and_leaves_nothing(
    store: ModelStore, wheels: Path
) -> None:
    (wheels / "two" / "b").write_bytes(b"x" * len(WEIGHTS[5:]))
    with pytest.raises(BrickworkError) as caught:
        build(store, entry(), wheels)
    assert caught.value.reason is Reason.MODEL_DIGEST_MISMATCH
    assert left_over(store) == []


def test_a_module_that_fails_is_told_in_its_own_words(store: ModelStore, wheels: Path) -> None:
    failing = entry(build={"module": "brickwork_no_such_module"})
    with pytest.raises(BrickworkError, match="No module named") as caught:
        build(store, failing, wheels)
    assert caught.value.reason is Reason.MODEL_MISSING
    assert left_over(store) == []


@pytest.mark.parametrize("path", ["/etc/passwd", "../up", "a/../../b", "", "manifest.json"])
def test_a_file_outside_of_the_model_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="does not lie inside"):
        entry(files=[{"path": path, "sha256": "0" * 64, "size_bytes": 0}])


def test_a_catalogue_is_read_from_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "brickwork_fixture"
    package.mkdir()
    (package / "__init__.py").write_text("")
    made = entry(build=BuildByModule(module="brickwork_fixture.build"))
    (package / "models.json").write_text(json.dumps([made.model_dump(mode="json")]))
    monkeypatch.syspath_prepend(tmp_path)
    assert load_catalogue("brickwork_fixture") == (made,)
