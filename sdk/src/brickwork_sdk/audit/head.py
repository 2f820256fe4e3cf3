"""Sign where an audit log ends, so that whoever keeps that can tell a log that was rewritten.

A head is worth what it is kept apart from the log: a copy on another machine, or on paper. The
library that signs is loaded with the first signature, for it takes longer than all the rest.
"""

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from brickwork_sdk.audit.record import Record, record_of, sha256_of
from brickwork_sdk.audit.segments import lines_of, segment_numbers, segment_path
from brickwork_sdk.errors import NotFound, NotPossible, Reason

_PURPOSE = b"brickwork-audit-head-1\n"
"""Begins what is signed, so that no signature of another kind can pass for a head's."""


@dataclass(frozen=True, slots=True)
class Head:
    """Say under a signature which record was the last.

    Attributes:
        sequence: its number.
        sha256: hash of its line, which holds the whole chain before it.
        time: when it was signed, in UTC.
        public_key: of the Ed25519 key that signed it, as hexadecimal digits.
        signature: of all the rest, as hexadecimal digits.
    """

    sequence: int
    sha256: str
    time: str
    public_key: str
    signature: str = ""

    @property
    def signed_bytes(self) -> bytes:
        """What the signature is of."""
        parts = asdict(self)
        del parts["signature"]
        return _PURPOSE + json.dumps(parts, separators=(",", ":"), sort_keys=True).encode()

    @property
    def is_genuine(self) -> bool:
        """Whether the owner of the public key has signed just this."""
        from brickwork_sdk.audit.key import is_signed

        return is_signed(self.public_key, self.signature, self.signed_bytes)

    def to_text(self) -> str:
        """Return it as JSON, a part a line."""
        return json.dumps(asdict(self), indent=2) + "\n"


def read_head(path: Path) -> Head:
    """Return the head that a file holds.

    Raises:
        NotFound: AUDIT_HEAD_UNREADABLE, there is no such file.
        NotPossible: AUDIT_HEAD_UNREADABLE, it holds no head.
    """
    try:
        head = Head(**json.loads(path.read_bytes()))
        if type(head.sequence) is not int or not all(
            isinstance(text, str) for text in (head.sha256, head.time, head.public_key)
        ):
            raise TypeError("a part has the wrong type")
    except OSError as error:
        raise NotFound(
            Reason.AUDIT_HEAD_UNREADABLE, f"{path} cannot be read: {error.strerror}."
        ) from error
    except (ValueError, TypeError) as error:
        raise NotPossible(
            Reason.AUDIT_HEAD_UNREADABLE, f"{path} is no head of an audit log."
        ) from error
    return head


def heads_folder(folder: Path) -> Path:
    """Return where the heads of a log are exported to."""
    return folder / "heads"


def export_head(folder: Path) -> Path:
    """Sign the last record of a log and return the file that says so.

    All before it is forced to the disk first: what a head names no loss of power takes away.

    Raises:
        NotFound: AUDIT_LOG_EMPTY.
        NotPossible: AUDIT_KEY_UNUSABLE.
        OSError: the disk takes nothing.
    """
    from brickwork_sdk.audit.key import load_or_make, public_key_of, sign

    record, line = _last(folder)
    for number in segment_numbers(folder):
        _force(segment_path(folder, number))
    key = load_or_make(folder)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    bare = Head(record.sequence, sha256_of(line), now, public_key_of(key))
    head = Head(**{**asdict(bare), "signature": sign(key, bare.signed_bytes)})
    path = heads_folder(folder) / f"head-{head.sequence:09}.json"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}.new")
    fresh.write_text(head.to_text())
    _force(fresh)
    fresh.replace(path)
    return path


def _last(folder: Path) -> tuple[Record, bytes]:
    for number in reversed(segment_numbers(folder)):
        lines, _ = lines_of(segment_path(folder, number))
        if lines:
            return record_of(lines[-1]), lines[-1]
    raise NotFound(Reason.AUDIT_LOG_EMPTY, f"{folder} holds no audit log.")


def _force(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
