"""The way of a recording into the object store, checked before any job exists."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from fastapi import Request
from starlette.requests import ClientDisconnect

from brickwork_gateway.ledger.job import Recording
from brickwork_sdk.errors import Cancelled, InvalidInput, Reason
from brickwork_sdk.full_disk import full_disk_told
from brickwork_sdk.media.probe_process import LOOKS_MAX, checked_probe
from brickwork_sdk.objects import ObjectStore

_CHUNK_BYTES = 1024 * 1024


class Uploads:
    """Takes recordings: each lies under an opaque name until it has been examined.

    A refusal leaves nothing behind, and neither does a caller who goes away.
    """

    def __init__(
        self, folder: Path, objects: ObjectStore, bytes_max: int, clock: Callable[[], float]
    ) -> None:
        self._folder = folder
        self._objects = objects
        self._bytes_max = bytes_max
        self._clock = clock
        self._looks = asyncio.Semaphore(LOOKS_MAX)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in folder.glob("*.upload"):
            # Only a gateway that was killed leaves one behind, and there is one gateway.
            left.unlink()

    async def ingest(self, request: Request) -> tuple[Recording, int]:
        """Take the body of a request; return the recording and how long the look took, in ms.

        Raises:
            MEDIA_TOO_LARGE: beyond the limit, as declared or as it comes.
            MEDIA_*: what was sent is no recording that can be worked on.
            NO_AUDIO_STREAM: it has no sound.
            STORAGE_FULL: there is no room for it.
            CANCELLED: the caller left.
        """
        self._require_size(int(request.headers.get("content-length", 0)))
        path = self._folder / f"{secrets.token_hex(16)}.upload"
        try:
            with full_disk_told("There is no room for the recording; nothing was kept."):
                await self._receive(request, path)
            started = self._clock()
            async with self._looks:
                info = await checked_probe(path)
            if not info.has_audio:
                raise InvalidInput(Reason.NO_AUDIO_STREAM, "The recording has no sound.")
            if await request.is_disconnected():
                # Nobody would know of the job that comes of it, and so nobody could cancel it.
                raise _left()
            stored = await self._objects.put(_read(path))
            taken_ms = round((self._clock() - started) * 1000)
        finally:
            path.unlink(missing_ok=True)
        recording = Recording(
            sha256=stored.sha256,
            size_bytes=stored.size_bytes,
            duration_ms=info.duration_ms,
            has_video=info.has_video,
        )
        return recording, taken_ms

    async def discard(self, request: Request) -> None:
        """Read a body that was refused unread, unless its sender waits to be asked for it.

        A sender who never looks up from sending would otherwise see a broken line and
        not the reason.
        """
        if request.headers.get("expect", "").lower() == "100-continue":
            return
        size_bytes = 0
        async for chunk in _chunks(request):
            size_bytes += len(chunk)
            self._require_size(size_bytes)

    async def _receive(self, request: Request, path: Path) -> None:
        size_bytes = 0
        with path.open("xb") as file:
            async for chunk in _chunks(request):
                size_bytes += len(chunk)
                self._require_size(size_bytes)
                await asyncio.to_thread(file.write, chunk)

    def _require_size(self, size_bytes: int) -> None:
        if size_bytes > self._bytes_max:
            raise InvalidInput(
                Reason.MEDIA_TOO_LARGE,
                f"A recording may have {self._bytes_max:,} bytes at most.",
                metadata={"upload_bytes_max": str(self._bytes_max)},
            )


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect as error:
        raise _left() from error


def _left() -> Cancelled:
    return Cancelled(Reason.CANCELLED, "The caller left before the end.")


async def _read(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            yield chunk
