"""Check that an audit log is the one that was written: no record changed, lost or put in.

The chain alone shows every change but one: that the log was cut off at its end, or its last record
replaced. That, and a log that was written anew as a whole, shows a head that somebody has kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from brickwork_sdk.audit.head import Head, heads_folder, read_head
from brickwork_sdk.audit.record import MISSING, NOTHING_BEFORE, Record, record_of, sha256_of
from brickwork_sdk.audit.segments import all_lines
from brickwork_sdk.errors import NotFound, Reason


@dataclass(frozen=True, slots=True)
class Damage:
    """Say of which record something is wrong, and what, in one sentence."""

    sequence: int
    message: str


@dataclass(slots=True)
class Chain:
    """Hold what a look at a whole log has found.

    Attributes:
        record_count: how many lines there are.
        missing_count: how many records the writer itself says a full disk has cost.
        first_time: of the first record; empty without one.
        last_time: of the last record; empty without one.
        head_count: how many heads were compared.
        damages: what is wrong; none when the log is whole.
    """

    record_count: int = 0
    missing_count: int = 0
    first_time: str = ""
    last_time: str = ""
    head_count: int = 0
    damages: list[Damage] = field(default_factory=list)


def check_chain(folder: Path, kept: Iterable[Head] = ()) -> Chain:
    """Read a log from its first record to its last and compare it with signed heads.

    Args:
        folder: of the log.
        kept: heads from elsewhere; those beside the log are compared in any case.

    Raises:
        NotFound: AUDIT_LOG_EMPTY, AUDIT_HEAD_UNREADABLE.
        NotPossible: AUDIT_HEAD_UNREADABLE.
        OSError: it cannot be read.
    """
    heads = [*kept, *(read_head(path) for path in sorted(heads_folder(folder).glob("*.json")))]
    chain = Chain(head_count=len(heads))
    signed: dict[int, list[Head]] = {}
    for head in heads:
        signed.setdefault(head.sequence, []).append(head)
    expected, previous = 1, NOTHING_BEFORE
    for line in all_lines(folder):
        sha256 = sha256_of(line)
        chain.record_count += 1
        try:
            record = record_of(line)
        except ValueError:
            chain.damages.append(Damage(expected, f"Record {expected} cannot be read."))
        else:
            chain.damages += _out_of_place(record, expected, previous)
            _note(chain, record)
            expected = record.sequence
        chain.damages += _unlike(signed.pop(expected, []), sha256)
        expected, previous = expected + 1, sha256
    if not chain.record_count:
        raise NotFound(Reason.AUDIT_LOG_EMPTY, f"{folder} holds no audit log.")
    last = expected - 1
    for sequence in sorted(signed):
        message = f"A head of {signed[sequence][0].time} names record {sequence}, which is missing."
        chain.damages.append(Damage(min(sequence, last + 1), message))
    if len({head.public_key for head in heads}) > 1:
        chain.damages.append(Damage(last, "Its heads were signed with different keys."))
    chain.damages += [
        Damage(head.sequence, f"The signature of the head of record {head.sequence} is wrong.")
        for head in heads
        if not head.is_genuine
    ]
    return chain


def _out_of_place(record: Record, expected: int, previous: str) -> Iterable[Damage]:
    if record.sequence != expected:
        message = f"Record {expected} is missing: record {record.sequence} is in its place."
        yield Damage(expected, message)
    elif record.previous != previous:
        changed = max(1, expected - 1)
        message = f"Record {changed} was changed: record {expected} does not follow on it."
        yield Damage(changed, message)


def _unlike(heads: Iterable[Head], sha256: str) -> Iterable[Damage]:
    for head in heads:
        if head.sha256 != sha256:
            message = f"Record {head.sequence} is not the one that was signed on {head.time}."
            yield Damage(head.sequence, message)


def _note(chain: Chain, record: Record) -> None:
    chain.first_time = chain.first_time or record.time.isoformat()
    chain.last_time = record.time.isoformat()
    if record.entry.what == MISSING:
        count = record.entry.fields.get("count")
        chain.missing_count += count if isinstance(count, int) else 0
