"""Takes in the recordings that callers of a brick send."""

from pathlib import Path
from typing import Literal

from brickwork.common.v1.common_pb2 import Media
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media import MediaInfo, checked_probe
from brickwork_sdk.objects import ObjectStore

_REMEMBERED_MAX = 1024


class Intake:
    """Looks at a recording before memory or a model is asked for it.

    A refusal costs half a second of a child process and not the loading of a model. Objects never
    change, so each is looked at once.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._known: dict[Path, MediaInfo] = {}

    async def recording(self, media: Media, needs: Literal["audio", "video"]) -> Path:
        """Return the place of a recording that can be worked on.

        Raises:
            InvalidInput: MEDIA_*, NO_AUDIO_STREAM, NO_VIDEO_STREAM, OBJECT_REF_INVALID.
            NotFound: OBJECT_MISSING.
            NoCapacity: STORAGE_FULL.
        """
        path = await self._objects.resolve(media)
        if path not in self._known:
            if len(self._known) >= _REMEMBERED_MAX:
                self._known.pop(next(iter(self._known)))
            self._known[path] = await checked_probe(path)
        info = self._known[path]
        if needs == "audio" and not info.has_audio:
            raise InvalidInput(Reason.NO_AUDIO_STREAM, "The recording has no sound.")
        if needs == "video" and not info.has_video:
            raise InvalidInput(Reason.NO_VIDEO_STREAM, "The recording has no moving pictures.")
        return path
