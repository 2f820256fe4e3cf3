"""Keep voice prints in a folder, a file each, and write down all that is done with them.

Replicas share the folder: whoever works in it holds its lock. A file is written beside its place
and renamed into it, so it is whole or not there, and is readable for its owner alone. When the
consent ends is a part of the name, so that what is over is found without being read.

A change is in the audit log before it is made: after a kill between the two the log says more
than happened, and never less. A disk that takes no record takes no change either.
"""

import fcntl
import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from brickwork_diarize.voice_print import VoicePrint
from brickwork_sdk.audit import AuditLog, Entry
from brickwork_sdk.errors import NoCapacity, NotFound, Reason
from brickwork_sdk.full_disk import full_disk_told

VOICE_PRINTS_MAX = 1_000
"""Of one tenant; all of them are compared with every voice."""

_SEGMENT_BYTES_MAX = 256 * 1024
"""The log is opened each time, and its newest segment read: at most 15 ms on a slow core."""
_FULL = "The disk of the voice prints is full; nothing was changed."
_ID = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"(?P<id>[0-9a-f]{32})\.(?P<expires>\d+)\.json")

log = logging.getLogger(__name__)


class VoicePrintStore:
    """All voice prints of a machine; its methods block, and are for threads.

    Args:
        folder: where they lie; made if need be.
        now: the wall clock, in UTC.
    """

    def __init__(
        self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._folder = folder
        self._prints = folder / "voice-prints"
        self._now = now
        self._prints.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._open() as audit:
            self._drop_what_is_over(audit)

    def enrol(self, tenant: str, made: VoicePrint) -> None:
        """Keep a voice print.

        Raises:
            NoCapacity: VOICE_PRINTS_FULL, STORAGE_FULL.
        """
        with self._open() as audit:
            self._drop_what_is_over(audit)
            folder = self._folder_of(tenant)
            if sum(1 for _ in _files(folder)) >= VOICE_PRINTS_MAX:
                raise NoCapacity(
                    Reason.VOICE_PRINTS_FULL,
                    f"A tenant has {VOICE_PRINTS_MAX:,} voice prints at most.",
                    metadata={"voice_prints_max": str(VOICE_PRINTS_MAX)},
                )
            consent = made.consent
            _record(
                audit,
                tenant,
                "voice_print_enrolled",
                "Its person agreed.",
                voice_print_id=made.voice_print_id,
                model=made.model,
                speech_ms=made.speech_ms,
                consent_given=consent.given.isoformat(),
                consent_expires=consent.expires.isoformat(),
            )
            expires = int(consent.expires.timestamp())
            _write(folder / f"{made.voice_print_id}.{expires}.json", made.model_dump_json())

    def of(self, tenant: str) -> list[VoicePrint]:
        """Return the voice prints of a tenant, the oldest first; what is over is deleted.

        Raises:
            NoCapacity: STORAGE_FULL.
        """
        with self._open() as audit:
            self._drop_what_is_over(audit)
            found = [read for path in _files(self._folder_of(tenant)) if (read := _read(path))]
        return sorted(found, key=lambda each: (each.enrolled, each.voice_print_id))

    def forget(self, tenant: str, voice_print_id: str, why: str) -> None:
        """Delete a voice print, also one that cannot be read.

        Raises:
            NotFound: VOICE_PRINT_UNKNOWN, the tenant has none of this id.
            NoCapacity: STORAGE_FULL.
        """
        with self._open() as audit:
            self._drop_what_is_over(audit)
            wanted = voice_print_id if _ID.fullmatch(voice_print_id) else "none"
            paths = list(self._folder_of(tenant).glob(f"{wanted}.*.json"))
            if not paths:
                raise NotFound(Reason.VOICE_PRINT_UNKNOWN, "There is no voice print of this id.")
            _record(audit, tenant, "voice_print_forgotten", why, voice_print_id=voice_print_id)
            for path in paths:
                _delete(path)

    def note_match(self, tenant: str, matched_ids: Sequence[str], compared_count: int) -> None:
        """Write down that voices were compared with voice prints, and which were recognised.

        Raises:
            NoCapacity: STORAGE_FULL.
        """
        with self._open() as audit:
            why = "A voice was compared."
            fields = {"voice_print_ids": list(matched_ids), "compared_count": compared_count}
            _record(audit, tenant, "voice_matched", why, **fields)

    @contextmanager
    def _open(self) -> Iterator[AuditLog]:
        """Hold the lock of the folder and yield the audit log."""
        with full_disk_told(_FULL), (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with AuditLog(
                self._folder / "audit", now=self._now, segment_bytes_max=_SEGMENT_BYTES_MAX
            ) as audit:
                yield audit

    def _folder_of(self, tenant: str) -> Path:
        # With a prefix, because a tenant may be called `..`.
        return self._prints / f"of-{tenant}"

    def _drop_what_is_over(self, audit: AuditLog) -> None:
        """Delete the voice prints of every tenant whose consent has ended."""
        now = self._now().timestamp()
        for folder in sorted(self._prints.glob("of-*")):
            for left in folder.glob("*.new"):  # by a process that was killed
                _delete(left)
            for path in _files(folder):
                name = _NAME.fullmatch(path.name)
                assert name is not None
                if int(name["expires"]) <= now:
                    why = "Its consent has ended."
                    tenant = folder.name.removeprefix("of-")
                    _record(audit, tenant, "voice_print_forgotten", why, voice_print_id=name["id"])
                    _delete(path)


def _record(audit: AuditLog, tenant: str, what: str, why: str, **fields: Any) -> None:
    if not audit.append(Entry(f"tenant:{tenant}", what, why, fields)):
        raise NoCapacity(Reason.STORAGE_FULL, _FULL)


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def _read(path: Path) -> VoicePrint | None:
    try:
        return VoicePrint.model_validate_json(path.read_bytes())
    except ValidationError:
        log.error("voice_print_unreadable", extra={"voice_print_id": path.name.partition(".")[0]})
        return None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    fresh = path.with_suffix(".new")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    _force(path.parent)


def _delete(path: Path) -> None:
    """Remove a file for good: over its bytes first, for some disks give them to the next file."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(bytes(size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    _force(path.parent)


def _force(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
