"""Takes in the recordings and pictures that callers of a brick send."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Generic, Literal, TypeVar

from brickwork.common.v1.common_pb2 import Media
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.probe_process import LOOKS_MAX, checked_image, checked_probe
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

    async def image(self, media: Media) -> Path:
        """Return the place of a still picture that can be decoded to its end.

        Raises:
            InvalidInput: MEDIA_*, IMAGE_UNREADABLE, OBJECT_REF_INVALID.
            NotFound: OBJECT_MISSING.
            NoCapacity: STORAGE_FULL.
        """
        path = await self._objects.resolve(media)
        await self._images.at(path)
        return path


class _Looks(Generic[Finding]):
    """Looks at each file once, because objects never change."""

    def __init__(self, look: Callable[[Path], Awaitable[Finding]]) -> None:
        self._look = look
        self._found: dict[Path, Finding] = {}
        self._looks = asyncio.Semaphore(LOOKS_MAX)

    async def at(self, path: Path) -> Finding:
        if path not in self._found:
            async with self._looks:
                finding = await self._look(path)
            if len(self._found) >= _REMEMBERED_MAX:
                self._found.pop(next(iter(self._found)))
            self._found[path] = finding
        return self._found[path]
