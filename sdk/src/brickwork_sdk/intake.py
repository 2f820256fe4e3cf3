"""Takes in the recordings and pictures that callers of a brick send."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from brickwork.common.v1.common_pb2 import Media
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.probe_process import (
    LOOKS_MAX,
    checked_document,
    checked_image,
    checked_probe,
)
from brickwork_sdk.media.signature import is_pdf
from brickwork_sdk.objects import ObjectStore

_REMEMBERED_MAX = 1024

Finding = TypeVar("Finding")


class Intake:
    """Looks at media before memory or a model is asked for them.

    A refusal costs half a second of a child process and not the loading of a model.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._recordings = _Looks(checked_probe)
        self._images = _Looks(checked_image)
        self._documents = _Looks(checked_document)

    async def recording(self, media: Media, needs: Literal["audio", "video"]) -> Path:
        """Return the place of a recording that can be worked on.

        Raises:
            InvalidInput: MEDIA_*, NO_AUDIO_STREAM, NO_VIDEO_STREAM, OBJECT_REF_INVALID.
            NotFound: OBJECT_MISSING.
            NoCapacity: STORAGE_FULL.
        """
        path = await self._objects.resolve(media)
        info = await self._recordings.at(path)
        if needs == "audio" and not info.has_audio:
            raise InvalidInput(Reason.NO_AUDIO_STREAM, "The recording has no sound.")
        if needs == "video" and not info.has_video:
            raise InvalidInput(Reason.NO_VIDEO_STREAM, "The recording has no moving pictures.")
        return path

    async def document(self, media: Media, module: str, *words: str) -> tuple[Path, dict[str, Any]]:
        """Return the place of a picture that can be decoded to its end, or of a PDF.

        Args:
            media: what the caller sent.
            module: of the brick, which knows PDF; see `checked_document`.
            words: what it is to look for.

        Returns:
            The place, and what the module found; nothing for a picture.

        Raises:
            InvalidInput: MEDIA_*, IMAGE_UNREADABLE, DOCUMENT_*, OBJECT_REF_INVALID; what the
                module refuses.
            NotFound: OBJECT_MISSING.
            NoCapacity: STORAGE_FULL.
        """
        path = await self._objects.resolve(media)
        if await asyncio.to_thread(is_pdf, path):
            return path, await self._documents.at(path, module, *words)
        await self._images.at(path)
        return path, {}


class _Looks(Generic[Finding]):
    """Looks at each file once, because objects never change."""

    def __init__(self, look: Callable[..., Awaitable[Finding]]) -> None:
        self._look = look
        self._found: dict[tuple[Path, tuple[str, ...]], Finding] = {}
        self._looks = asyncio.Semaphore(LOOKS_MAX)

    async def at(self, path: Path, *words: str) -> Finding:
        asked = (path, words)
        if asked not in self._found:
            async with self._looks:
                finding = await self._look(path, *words)
            if len(self._found) >= _REMEMBERED_MAX:
                self._found.pop(next(iter(self._found)))
            self._found[asked] = finding
        return self._found[asked]
