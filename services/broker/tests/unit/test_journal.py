import zlib
from pathlib import Path

import pytest

from brickwork_broker import journal
from brickwork_broker.book import Book
from brickwork_broker.journal import Journal
from brickwork_broker.ledger import Limits
from brickwork_broker.messages import (
    Acquire,
    Cancelled,
    DurableEvent,
    EpochsReserved,
    Evidence,
    Granted,
    Quarantined,
    Released,
    Suspicion,
    UserGone,
    UsersBound,
)
from brickwork_sdk.errors import NotPossible, Reason
from services.broker.tests.unit.examples import BRICK, ENGINE, OTHER_REQUEST, REQUEST

EVENTS: list[DurableEvent] = [
    EpochsReserved(1025),
    Granted(REQUEST, 60, 1),
    UsersBound("token-01", (ENGINE, BRICK)),
    UserGone("token-01", ENGINE),
    Quarantined("token-01", Suspicion.EXPIRED),
    Released("token-01", Evidence.USERS_GONE),
    Cancelled("token-02"),
]


def write(path: Path) -> bytes:
    with Journal(path, EVENTS[:1]) as written:
        for event in EVENTS[1:]:
            written.append([event])
    return path.read_bytes()


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    assert journal.read(path) == []
    write(path)
    assert journal.read(path) == EVENTS


def test_opening_replaces_the_file_by_its_history(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    write(path)
    Journal(path, EVENTS[:1]).close()
    assert journal.read(path) == EVENTS[:1]


def test_a_journal_cut_anywhere_loses_only_the_record_that_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    whole = write(path)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        events = journal.read(path)
        assert events == EVENTS[: len(events)]
        # A tail of zeros is what some file systems leave after a loss of power.
        path.write_bytes(whole[:length] + bytes(512))
        assert journal.read(path) == events


def test_a_bit_changed_anywhere_is_never_taken_for_another_story(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    whole = write(path)
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 0x10
        path.write_bytes(changed)
        with pytest.raises(NotPossible) as raised:
            journal.read(path)
        assert raised.value.reason is Reason.BROKER_JOURNAL_UNUSABLE


def test_another_file_is_not_taken_for_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text("something else\n" * 10)
    with pytest.raises(NotPossible, match="was not written by a broker"):
        journal.read(path)


@pytest.mark.parametrize(
    "body", [b"no json", b'{"event":"Unheard"}', b'{"event":"Cancelled","age":1}', b"[]"]
)
def test_a_whole_record_without_a_known_event_is_damage(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "journal"
    sizes = journal.SIZES.pack(len(body), zlib.crc32(body))
    checksum = zlib.crc32(sizes).to_bytes(4, "little")
    path.write_bytes(journal.MAGIC + sizes + checksum + body)
    with pytest.raises(NotPossible, match="no event that is known"):
        journal.read(path)


def test_only_a_batch_that_reserves_epochs_is_forced_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Journal(tmp_path / "journal", [])
    forced: list[int] = []
    monkeypatch.setattr("brickwork_broker.journal.os.fsync", forced.append)
    written.append([])
    written.append(EVENTS[1:])
    assert forced == []
    written.append(EVENTS[:2])
    assert len(forced) == 1
    written.close()


def test_a_second_broker_is_kept_off_the_journal(tmp_path: Path) -> None:
    path, limits = tmp_path / "journal", Limits(100)
    book = Book(path, limits, 0)
    with pytest.raises(NotPossible, match="a broker that is running"):
        Book(path, limits, 0)
    book.close()
    Book(path, limits, 0).close()


def test_a_book_opened_again_knows_what_was_lent(tmp_path: Path) -> None:
    path, limits = tmp_path / "journal", Limits(100)
    book = Book(path, limits, 0)
    book.apply(Acquire(REQUEST, 0), 1)
    book.close()
    again = Book(path, limits, 5)
    assert again.ledger.charged_bytes == 60
    assert again.ledger.is_recovering
    again.apply(Acquire(OTHER_REQUEST, 0), 6)
    again.close()
    # The queue is not kept: whoever waits asks again.
    assert Cancelled("token-02") not in journal.read(path)
    assert len(journal.read(path)) == 2
