import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from brickwork_diarize.checkpoint import read_checkpoint
from brickwork_sdk.errors import InvalidInput, Reason

# The opcodes are spelled out, since torch is not here to write a checkpoint.
MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
NUMBERS = np.arange(12, dtype="<f4")


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def tuple_of(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b"t"


def tensor(offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> bytes:
    """Write a view of the storage `0`, which holds NUMBERS."""
    kind = b"ctorch\nFloatStorage\n"
    storage = tuple_of(text("storage"), kind, text("0"), text("cpu"), number(12)) + b"Q"
    sizes = tuple_of(*map(number, shape)) + tuple_of(*map(number, strides))
    arguments = tuple_of(storage, number(offset), sizes, b"\x89", b"}")
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"R"


def state(*items: tuple[str, bytes]) -> bytes:
    body = b"".join(text(name) + value for name, value in items)
    return b"\x80\x02}" + text("weights") + b"}(" + body + b"us."


def archive(path: Path, index: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", index)
        file.writestr("archive/data/0", NUMBERS.tobytes())
    return path


def legacy(path: Path, index: bytes) -> Path:
    keys = pickle.dumps(["0"], protocol=2)
    storage = struct.pack("<q", 12) + NUMBERS.tobytes()
    head = MAGIC + pickle.dumps(1001, protocol=2) + pickle.dumps({}, protocol=2)
    path.write_bytes(head + index + keys + storage)
    return path


@pytest.mark.parametrize("write", [archive, legacy])
def test_tensors_come_out_in_shape(tmp_path: Path, write: Callable[[Path, bytes], Path]) -> None:
    index = state(
        ("matrix", tensor(0, (3, 4), (4, 1))),
        ("turned", tensor(2, (2, 3), (1, 2))),
        ("note", text("not a tensor")),
    )
    tensors = read_checkpoint(write(tmp_path / "model.pt", index), "weights")
    assert list(tensors) == ["matrix", "turned"]
    assert np.array_equal(tensors["matrix"], NUMBERS.reshape(3, 4))
    assert np.array_equal(tensors["turned"], [[2, 4, 6], [3, 5, 7]])
    assert tensors["turned"].flags.c_contiguous


def refusal(path: Path, key: str = "weights") -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read_checkpoint(path, key)
    assert caught.value.reason is Reason.MODEL_UNREADABLE
    return caught.value


@pytest.mark.parametrize("write", [archive, legacy])
def test_any_other_class_is_refused_before_it_is_called(
    tmp_path: Path, write: Callable[[Path, bytes], Path]
) -> None:
    witness = tmp_path / "witness"
    call = b"cpathlib\nPath\n" + tuple_of(text(str(witness))) + b"R"
    error = refusal(write(tmp_path / "model.pt", state(("matrix", call))))
    assert error.metadata == {"class": "pathlib.Path"}


def test_a_command_in_a_checkpoint_never_runs(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    call = b"cos\nsystem\n" + tuple_of(text(f"touch {witness}")) + b"R"
    refusal(archive(tmp_path / "model.pt", state(("matrix", call))))
    assert not witness.exists()


def test_the_notes_of_the_trainer_are_passed_over(tmp_path: Path) -> None:
    note = b"cpyannote.audio.core.task\nProblem\n" + tuple_of(number(1)) + b"R"
    index = state(("note", note), ("row", tensor(4, (2,), (1,))))
    tensors = read_checkpoint(archive(tmp_path / "model.pt", index), "weights")
    assert {name: values.tolist() for name, values in tensors.items()} == {"row": [4.0, 5.0]}


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(0, (13,), (1,)), (8, (2, 3), (3, 1)), (-1, (2,), (1,)), (5, (3,), (-1,))],
)
def test_a_tensor_beyond_its_numbers_is_refused(
    tmp_path: Path, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> None:
    index = state(("matrix", tensor(offset, shape, strides)))
    refusal(archive(tmp_path / "model.pt", index))


def test_a_missing_key_is_refused(tmp_path: Path) -> None:
    refusal(archive(tmp_path / "model.pt", state()), "other")


@pytest.mark.parametrize("content", [b"", b"text", bytes(range(256)) * 9, MAGIC, MAGIC[:-3]])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    refusal(path)


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("readme.txt", "hello")
    path = tmp_path / "model.pt"
    path.write_bytes(buffer.getvalue())
    refusal(path)
