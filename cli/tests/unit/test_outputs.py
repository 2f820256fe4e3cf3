"""Where a result goes, and what it must not do there."""

import os
import threading
from pathlib import Path

import pytest

from brickwork_cli.outputs import require_writable, write_whole
from brickwork_sdk.errors import BrickworkError, Reason


def test_a_file_is_put_in_the_place_of_the_one_before(tmp_path: Path) -> None:
    target = tmp_path / "new folder" / "out.json"
    write_whole(target, b"first")
    write_whole(target, b"second")
    assert target.read_bytes() == b"second"
    assert os.listdir(target.parent) == ["out.json"]


def test_a_pipe_is_written_into_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b"content")
    reader.join()
    assert read == [b"content"]
    assert pipe.is_fifo()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)
    write_whole(link, b"content")
    assert link.is_symlink()
    assert target.read_bytes() == b"content"


def test_a_name_may_be_as_long_as_names_can_be(tmp_path: Path) -> None:
    target = tmp_path / ("x" * 255)
    write_whole(target, b"content")
    assert target.read_bytes() == b"content"


@pytest.mark.parametrize("place", ["file/out.json", "folder", "file/folder/out.json", "x" * 256])
def test_what_can_never_be_written_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for refusing in (require_writable, lambda path: write_whole(path, b"content")):
        with pytest.raises(BrickworkError) as caught:
            refusing(tmp_path / place)
        assert caught.value.reason is Reason.ARGUMENT_INVALID
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]
