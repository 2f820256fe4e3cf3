import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from brickwork_sdk import nemo_archive
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.nemo_archive import CONFIG, WEIGHTS, NemoArchive, check_config

KIND = "nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE"
PARTS = {CONFIG: b"target: x", WEIGHTS: b"weights", "a_tokenizer.model": b"pieces"}
HEARING = {"sample_rate": 16_000}


def packed(folder: Path, parts: dict[str, bytes], mode: str = "w:") -> Path:
    with tarfile.open(folder / "model.nemo", mode) as tar:  # type: ignore[call-overload]
        tar.addfile(member(".", tarfile.DIRTYPE))
        for name, content in parts.items():
            tar.addfile(member(name, size=len(content)), io.BytesIO(content))
    return folder


def member(
    name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, to: str = ""
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, to
    return info


def refusal(folder: Path) -> str:
    with pytest.raises(InvalidInput) as caught, NemoArchive.opened(folder):
        pass
    assert caught.value.reason is Reason.MODEL_UNREADABLE
    return caught.value.message


def test_the_small_files_are_unpacked_and_the_weights_are_read_where_they_lie(
    tmp_path: Path,
) -> None:
    dotted = {f"./{name}": content for name, content in PARTS.items()}
    small = {name: content for name, content in PARTS.items() if name != WEIGHTS}
    with NemoArchive.opened(packed(tmp_path, dotted)) as archive:
        assert archive.names == set(PARTS)
        assert {path.name: path.read_bytes() for path in archive.folder.iterdir()} == small
        weights = archive.weights()
        assert weights.seekable()
        assert weights.read() == b"weights"
    assert not archive.folder.exists()


@pytest.mark.parametrize(
    "name",
    ["../evil.txt", "/etc/evil.txt", "deep/evil.txt", "evil.pkl", "evil.py", "inner.nemo", "evil"],
)
def test_a_file_that_no_model_has_is_refused(tmp_path: Path, name: str) -> None:
    assert "its member" in refusal(packed(tmp_path, {**PARTS, name: b"evil"}))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_what_is_no_plain_file_is_refused(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(packed(tmp_path, PARTS) / "model.nemo", "a:") as tar:
        tar.addfile(member("vocab.txt", kind, to="/etc/passwd"))
    assert "no plain file" in refusal(tmp_path)


@pytest.mark.parametrize("missing", [CONFIG, WEIGHTS])
def test_an_archive_without_weights_or_configuration_is_refused(
    tmp_path: Path, missing: str
) -> None:
    parts = {name: content for name, content in PARTS.items() if name != missing}
    assert f"it lacks {missing}" in refusal(packed(tmp_path, parts))


def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    assert "twice" in refusal(packed(tmp_path, {**PARTS, f"./{CONFIG}": b"other"}))


def test_a_member_that_claims_more_than_there_is_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path, {}) / "model.nemo"
    claims = member(WEIGHTS, size=2**40).tobuf(tarfile.GNU_FORMAT)
    path.write_bytes(path.read_bytes()[: tarfile.BLOCKSIZE] + claims)
    assert "damaged" in refusal(tmp_path)


def test_a_vocabulary_of_any_size_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nemo_archive, "_SMALL_BYTES_MAX", 20)
    assert "too large" in refusal(packed(tmp_path, {**PARTS, "vocab.txt": b"word " * 5}))


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: packed(folder, PARTS, "w:gz"),
        lambda folder: (folder / "model.nemo").write_bytes(b"no tar at all" * 100),
        lambda folder: (folder / "model.nemo").write_bytes(b""),
    ],
)
def test_what_is_no_plain_tar_is_refused(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path)
    assert "no tar" in refusal(tmp_path)


def test_a_model_has_one_archive(tmp_path: Path) -> None:
    assert "0 of them instead of one" in refusal(tmp_path)


def test_a_configuration_of_a_known_kind_out_of_its_own_files_is_taken() -> None:
    config: dict[str, object] = {
        "target": KIND,
        "model_defaults": {"width": 8},
        "preprocessor": HEARING,
        "encoder": {"_target_": "nemo.collections.asr.modules.ConformerEncoder", "d": "${width}"},
        "tokenizer": {"model_path": "nemo:a_tokenizer.model"},
        "optim": {"sched": {"_target_": "elsewhere.Schedule"}},
        "train_ds": {"manifest_filepath": "/data/train.json"},
    }
    config["encoders"] = aliases = [config["encoder"]]
    aliases.append(aliases)
    check_config(config, PARTS, {"EncDecCTCModelBPE"})


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ({"target": "nemo.collections.tts.models.FastPitchModel"}, "holds a FastPitchModel"),
        ({"target": None}, "holds a None"),
        ({"target": "evil.EncDecCTCModelBPE"}, "asks for the class evil.EncDecCTCModelBPE"),
        ({"encoder": {"layers": [{"_target_": "os.system"}]}}, "asks for the class os.system"),
        ({"tokenizer": {"model_path": "nemo:other.model"}}, "lacks the file nemo:other.model"),
        ({"encoder": {"d": "${oc.env:SECRET}"}}, "looked up or computed"),
        ({"preprocessor": {"sample_rate": 8_000}}, "does not hear sound of 16000 Hz"),
        ({"preprocessor": None}, "does not hear sound of 16000 Hz"),
    ],
)
def test_a_foreign_configuration_is_refused(part: dict[str, object], why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as caught:
        check_config(
            {"target": KIND, "preprocessor": HEARING, **part}, PARTS, {"EncDecCTCModelBPE"}
        )
    assert caught.value.reason is Reason.MODEL_UNREADABLE


def test_a_configuration_is_read_as_it_stands(tmp_path: Path) -> None:
    text = b"width: 8\ndepth: ${width}\n"
    with NemoArchive.opened(packed(tmp_path, {**PARTS, CONFIG: text})) as archive:
        assert archive.config(OmegaConf) == {"width": 8, "depth": "${width}"}


@pytest.mark.parametrize(
    "text", [b"target: [", b"target: ${", b"target: \xff", b"a: !!python/object:os.system {}"]
)
def test_a_damaged_configuration_is_refused(tmp_path: Path, text: bytes) -> None:
    with NemoArchive.opened(packed(tmp_path, {**PARTS, CONFIG: text})) as archive:
        with pytest.raises(InvalidInput, match="configuration is damaged") as caught:
            archive.config(OmegaConf)
        assert caught.value.reason is Reason.MODEL_UNREADABLE


def test_a_configuration_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no mapping"):
        check_config(["target"], PARTS, {"EncDecCTCModelBPE"})
