import ctypes
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.media.audio import read_audio
from brickwork_sdk.media.probe import probe
from brickwork_sdk.testing.bad_media import NEIGHBOUR, write_bad_media, write_odd_media
from brickwork_sdk.testing.recordings import tone, write_recording

IN_OPEN = 0x20
IN_NONBLOCK = os.O_NONBLOCK
EVENT = struct.Struct("iIII")


@contextmanager
def watched(folder: Path) -> Iterator[Callable[[], set[str]]]:
    """Watch a folder through inotify(7); the call returns the names opened so far."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(IN_NONBLOCK)
    assert libc.inotify_add_watch(descriptor, os.fsencode(folder), IN_OPEN) >= 0

    def opened() -> set[str]:
        names: set[str] = set()
        while True:
            try:
                events = os.read(descriptor, 65_536)
            except BlockingIOError:
                return names
            while events:
                length = EVENT.unpack_from(events)[3]
                names.add(events[EVENT.size : EVENT.size + length].rstrip(b"\0").decode())
                events = events[EVENT.size + length :]

    try:
        yield opened
    finally:
        os.close(descriptor)


def refusal(path: Path) -> Reason | None:
    try:
        for _ in read_audio(path):
            pass
    except BrickworkError as error:
        return error.reason
    return None


def probed(path: Path) -> Reason | None:
    try:
        info = probe(path)
    except BrickworkError as error:
        return error.reason
    return None if info.has_audio else Reason.NO_AUDIO_STREAM


@pytest.mark.parametrize("look", [refusal, probed])
def test_every_bad_input_has_its_reason_and_no_other_file_is_opened(
    tmp_path: Path, look: Callable[[Path], Reason | None]
) -> None:
    for bad in write_bad_media(tmp_path):
        with watched(tmp_path) as opened:
            assert (bad.path.name, look(bad.path)) == (bad.path.name, bad.reason)
            assert opened() <= {bad.path.name, ""}


def test_the_watch_sees_a_file_that_is_opened(tmp_path: Path) -> None:
    write_bad_media(tmp_path)
    with watched(tmp_path) as opened:
        assert refusal(tmp_path / NEIGHBOUR) is None
        assert opened() == {NEIGHBOUR}


def test_silence_a_second_of_sound_and_a_blank_video_are_no_errors(tmp_path: Path) -> None:
    for path in write_odd_media(tmp_path):
        assert (path.name, refusal(path), probed(path)) == (path.name, None, None)


def test_an_encoding_without_decoder_is_an_error_and_no_crash(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "odd.wav", tone(1))
    content = bytearray(path.read_bytes())
    content[20:22] = b"\x34\x12"  # the format tag of the WAV header; nobody has this one
    path.write_bytes(content)
    assert refusal(path) is probed(path) is Reason.MEDIA_UNREADABLE
