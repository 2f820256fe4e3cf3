"""Hold what one record says, and the line that it is on disk."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

NOTHING_BEFORE = "0" * 64
"""What the first record of a log holds in the place of a hash."""

MISSING = "records_missing"
"""What a record says that stands in the place of others, for which the disk had no room."""

_COMPACT = json.JSONEncoder(separators=(",", ":"))
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KEYS = {"sequence", "time", "previous", "who", "what", "why", "fields"}


@dataclass(frozen=True, slots=True)
class Entry:
    """Say who did what, and why.

    Attributes:
        who: the one that did it.
        what: a word from those that the writer of the log has, such as `token_changed`.
        why: a few words for people; never content.
        fields: whatever else belongs to it, as JSON has it.
    """

    who: str
    what: str
    why: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """Hold an entry and its place in the log.

    Attributes:
        sequence: 1 for the first record of a log, then one more each time.
        time: wall clock in UTC; for people, since a clock that is set may go back.
        previous: SHA-256 of the line of the record before it, as hexadecimal digits.
        entry: what it says.
    """

    sequence: int
    time: datetime
    previous: str
    entry: Entry

    def to_line(self) -> bytes:
        """Return one line of compact JSON, without its end."""
        line = {
            "sequence": self.sequence,
            "time": self.time.isoformat(timespec="microseconds"),
            "previous": self.previous,
            "who": self.entry.who,
            "what": self.entry.what,
            "why": self.entry.why,
            "fields": self.entry.fields,
        }
        return _COMPACT.encode(line).encode()


def record_of(line: bytes) -> Record:
    """Return the record that a line holds.

    Raises:
        ValueError: the line is no record.
    """
    parts = json.loads(line)
    if not isinstance(parts, dict) or parts.keys() != _KEYS:
        raise ValueError("a record has just its seven parts")
    sequence, fields = parts["sequence"], parts["fields"]
    texts = [parts[key] for key in ("time", "previous", "who", "what", "why")]
    if type(sequence) is not int or not isinstance(fields, dict):
        raise ValueError("the number or the fields of a record are none")
    if not all(isinstance(text, str) for text in texts) or not _SHA256.fullmatch(parts["previous"]):
        raise ValueError("a part of a record is no text, or no hash")
    time = datetime.fromisoformat(parts["time"])
    if time.tzinfo is None:
        raise ValueError("the time of a record has no zone")
    entry = Entry(parts["who"], parts["what"], parts["why"], fields)
    return Record(sequence, time, parts["previous"], entry)


def sha256_of(line: bytes) -> str:
    """Return the hash by which the next record holds on to a line."""
    return hashlib.sha256(line).hexdigest()
