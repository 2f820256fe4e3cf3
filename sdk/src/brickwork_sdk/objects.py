"""Objects on the local disk, named by their content.

An object is complete or it is not there: it is written beside its place, made
durable, and only then renamed into it. What a killed process left half written
is swept by the next one.
"""

import asyncio
import fcntl
import hashlib
import os
import re
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

from brickwork.common.v1.common_pb2 import Media, ObjectRef
from brickwork.objects.v1.objects_pb2 import ObjectHeader
from brickwork_sdk.errors import Busy, InvalidInput, NotFound, Reason
from brickwork_sdk.full_disk import full_disk_told, is_full
from brickwork_sdk.media.limits import INLINE_BYTES_MAX

OBJECT_BYTES_MAX = 64 * 1024**3
"""Largest object: a day of video at 6 Mbit/s."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_WORKSPACE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_DEFAULT_WORKSPACE = "default"
_RETRY_SECONDS = 2.0
_FULL = "The disk of the object store is full; nothing was kept."


class ObjectStore:
    """Keeps immutable objects in a folder that the processes of a machine share."""

    def __init__(self, root: Path, *, object_bytes_max: int = OBJECT_BYTES_MAX) -> None:
        self._root = root
        self._incoming = root / ".incoming"
        self._object_bytes_max = object_bytes_max
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()

    async def put(
        self, chunks: AsyncIterable[bytes], header: ObjectHeader | None = None
    ) -> ObjectRef:
        """Store what the chunks make up; nothing is kept when anything fails.

        Args:
            chunks: the content, in pieces of any size.
            header: workspace, size and digest where they are known; all are checked.

        Raises:
            InvalidInput: OBJECT_REF_INVALID, OBJECT_MISMATCH, OBJECT_TOO_LARGE.
            NoCapacity: STORAGE_FULL.
            Busy: STORAGE_UNREACHABLE.
        """
        header = header or ObjectHeader()
        self._require_room(header.size_bytes)
        folder = self._folder(header.workspace)
        if header.HasField("sha256") and not _SHA256.fullmatch(header.sha256):
            raise _invalid_ref("sha256")
        with full_disk_told(_FULL):
            upload = await asyncio.to_thread(self._begin)
            try:
                async for chunk in chunks:
                    self._require_room(upload.size_bytes + len(chunk))
                    await asyncio.to_thread(upload.write, chunk)
                _require_as_declared(header, upload)
                digest = upload.sha256.hexdigest()
                await asyncio.to_thread(self._keep, upload, folder / digest[:2] / digest)
            finally:
                upload.close()
        return ObjectRef(workspace=header.workspace, sha256=digest, size_bytes=upload.size_bytes)

    async def put_bytes(self, content: bytes, workspace: str = "") -> ObjectRef:
        """Store content that is in memory; raises as `put`."""

        async def whole() -> AsyncIterator[bytes]:
            yield content

        return await self.put(whole(), ObjectHeader(workspace=workspace))

    def path(self, ref: ObjectRef) -> Path:
        """Return the file of an object; it is never changed, so it may be mapped.

        Raises:
            InvalidInput: OBJECT_REF_INVALID.
            NotFound: OBJECT_MISSING.
            Busy: STORAGE_UNREACHABLE.
        """
        if not _SHA256.fullmatch(ref.sha256):
            raise _invalid_ref("sha256")
        path = self._folder(ref.workspace) / ref.sha256[:2] / ref.sha256
        if not path.is_file():
            if not self._incoming.is_dir():
                raise _unreachable()
            raise NotFound(
                Reason.OBJECT_MISSING,
                f"There is no object {ref.sha256[:12]}... in this workspace.",
                metadata={"sha256": ref.sha256, "workspace": ref.workspace},
            )
        return path

    async def resolve(self, media: Media) -> Path:
        """Return the file of a medium; one that came inline is stored first.

        Raises:
            InvalidInput: MEDIA_EMPTY, MEDIA_TOO_LARGE, OBJECT_REF_INVALID.
            NotFound: MEDIA_MISSING, OBJECT_MISSING.
            NoCapacity: STORAGE_FULL.
            Busy: STORAGE_UNREACHABLE.
        """
        match media.WhichOneof("source"):
            case "object":
                # On a thread: a slow disk must not silence the process.
                return await asyncio.to_thread(self.path, media.object)
            case "inline" if not media.inline:
                raise InvalidInput(Reason.MEDIA_EMPTY, "The medium has no bytes.")
            case "inline" if len(media.inline) > INLINE_BYTES_MAX:
                raise InvalidInput(
                    Reason.MEDIA_TOO_LARGE,
                    f"A medium of {len(media.inline):,} bytes is too large to travel inline; "
                    f"store it with PutObject beyond {INLINE_BYTES_MAX:,} bytes.",
                    metadata={"inline_bytes_max": str(INLINE_BYTES_MAX)},
                )
            case "inline":
                return self.path(await self.put_bytes(media.inline))
            case _:
                raise NotFound(Reason.MEDIA_MISSING, "The request names no medium.")

    def _begin(self) -> "_Upload":
        try:
            return _Upload(self._incoming)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _unreachable() from error

    def _keep(self, upload: "_Upload", place: Path) -> None:
        try:
            upload.keep(place)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _unreachable() from error

    def _folder(self, workspace: str) -> Path:
        name = workspace or _DEFAULT_WORKSPACE
        if not _WORKSPACE.fullmatch(name):
            raise _invalid_ref("workspace")
        return self._root / name

    def _require_room(self, size_bytes: int) -> None:
        if size_bytes > self._object_bytes_max:
            raise InvalidInput(
                Reason.OBJECT_TOO_LARGE,
                f"An object may have {self._object_bytes_max:,} bytes at most.",
                metadata={"object_bytes_max": str(self._object_bytes_max)},
            )

    def _sweep(self) -> None:
        """Remove uploads whose process is gone: nobody holds their locks any more."""
        with _locked(self._incoming, fcntl.LOCK_EX):
            for left in self._incoming.glob("*.part"):
                with left.open("rb") as file:
                    try:
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        continue
                    left.unlink(missing_ok=True)


class _Upload:
    """A file on its way into the store; locked, so that no sweep takes it for a leftover."""

    def __init__(self, incoming: Path) -> None:
        self.size_bytes = 0
        self.sha256 = hashlib.sha256()
        self._path = incoming / f"{uuid.uuid4().hex}.part"
        with _locked(incoming, fcntl.LOCK_SH):
            self._file = self._path.open("xb")
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self.sha256.update(chunk)
        self.size_bytes += len(chunk)

    def keep(self, place: Path) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        for folder in (place.parent.parent, place.parent):
            # Never the store itself: where it was taken away, nothing may stand in its place.
            folder.mkdir(mode=0o700, exist_ok=True)
        self._path.replace(place)
        descriptor = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Remove what was not kept."""
        self._path.unlink(missing_ok=True)
        try:
            self._file.close()
        except OSError as error:
            # Closing flushes; on a full disk that fails a second time, and the file is gone.
            if not is_full(error):
                raise


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, how)
        yield


def _require_as_declared(header: ObjectHeader, upload: _Upload) -> None:
    if header.HasField("size_bytes") and header.size_bytes != upload.size_bytes:
        declared, came = str(header.size_bytes), str(upload.size_bytes)
    elif header.HasField("sha256") and header.sha256 != upload.sha256.hexdigest():
        declared, came = header.sha256, upload.sha256.hexdigest()
    else:
        return
    raise InvalidInput(
        Reason.OBJECT_MISMATCH,
        f"The header declares {declared}, and the content has {came}.",
        metadata={"declared": declared, "came": came},
    )


def _unreachable() -> Busy:
    return Busy(
        Reason.STORAGE_UNREACHABLE,
        "The folder of the object store is not there now.",
        retry_after_seconds=_RETRY_SECONDS,
    )


def _invalid_ref(field: str) -> InvalidInput:
    return InvalidInput(
        Reason.OBJECT_REF_INVALID,
        f"The {field} of the object reference is not of its form.",
        metadata={"field": field},
    )
