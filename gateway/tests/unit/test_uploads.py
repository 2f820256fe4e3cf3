from pathlib import Path

import pytest
from fastapi import Request
from starlette.types import Message

from brickwork_gateway.uploads import Uploads
from brickwork_sdk.errors import Cancelled, InvalidInput, Reason
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.testing.clock import ManualClock
from brickwork_sdk.testing.recordings import tone, write_recording


def make_uploads(folder: Path) -> Uploads:
    return Uploads(folder / "uploads", ObjectStore(folder / "objects"), 1_000, ManualClock())


def request_of(*messages: Message, **headers: str) -> Request:
    """Make a request whose sender sends these messages, and whose next one is an error."""
    left = iter(messages)

    async def receive() -> Message:
        return next(left)

    named = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": named}, receive)


PIECE: Message = {"type": "http.request", "body": bytes(600), "more_body": True}
GONE: Message = {"type": "http.disconnect"}


async def test_a_caller_who_leaves_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(Cancelled) as raised:
        await make_uploads(tmp_path).ingest(request_of(PIECE, GONE))
    assert raised.value.reason is Reason.CANCELLED
    assert list((tmp_path / "uploads").iterdir()) == []


async def test_a_caller_who_leaves_after_the_last_byte_gets_no_job_either(tmp_path: Path) -> None:
    sound = write_recording(tmp_path / "sound.wav", tone(0.01)).read_bytes()
    whole: Message = {"type": "http.request", "body": sound, "more_body": False}
    with pytest.raises(Cancelled):
        await make_uploads(tmp_path).ingest(request_of(whole, GONE))
    assert list((tmp_path / "uploads").iterdir()) == []


async def test_a_size_that_is_declared_too_large_is_refused_unread(tmp_path: Path) -> None:
    declared = request_of(**{"content-length": "1001"})
    with pytest.raises(InvalidInput) as raised:
        await make_uploads(tmp_path).ingest(declared)
    assert raised.value.reason is Reason.MEDIA_TOO_LARGE


def test_what_a_killed_gateway_left_is_swept(tmp_path: Path) -> None:
    make_uploads(tmp_path)
    left = tmp_path / "uploads" / "0123.upload"
    left.write_bytes(b"half a recording")
    make_uploads(tmp_path)
    assert not left.exists()


async def test_a_refused_body_is_read_to_its_end_so_that_its_sender_hears_why(
    tmp_path: Path,
) -> None:
    last: Message = {"type": "http.request", "body": b"x", "more_body": False}
    await make_uploads(tmp_path).discard(request_of(PIECE, last))


async def test_a_refused_body_is_read_only_up_to_the_limit(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        await make_uploads(tmp_path).discard(request_of(PIECE, PIECE))


async def test_a_sender_who_waits_to_be_asked_is_not_asked(tmp_path: Path) -> None:
    await make_uploads(tmp_path).discard(request_of(expect="100-continue"))
