import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from brickwork_broker.core import rows
from brickwork_broker.core.commands import Acquire, Release
from brickwork_broker.core.events import Cancelled, DrainSet, DurableEvent, EpochsReserved, Granted
from brickwork_broker.core.ledger import Limits
from brickwork_broker.storage import journal, records, reserve
from brickwork_broker.storage.book import Book
from brickwork_broker.storage.journal import Journal
from brickwork_sdk.errors import NotPossible, Reason
from services.broker.tests.unit.examples import OTHER_REQUEST, REQUEST

EVENTS: list[DurableEvent] = [EpochsReserved(1025), Granted(REQUEST, 60, 1), Cancelled("token-02")]


class PowerLost(BaseException):
    """Stands for the moment at which nothing more happens."""


def test_what_was_appended_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    assert journal.read(path) == []
    with Journal(path, EVENTS[:1]) as written:
        for event in EVENTS[1:]:
            written.append([event])
    assert journal.read(path) == EVENTS


def test_opening_replaces_the_file_by_its_history(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    Journal(path, EVENTS).close()
    Journal(path, EVENTS[:1]).close()
    assert journal.read(path) == EVENTS[:1]


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text("something else\n" * 10)
    with pytest.raises(NotPossible, match="was not written by a broker") as raised:
        journal.read(path)
    assert raised.value.reason is Reason.BROKER_JOURNAL_UNUSABLE


def test_only_epochs_and_an_operators_word_are_forced_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Journal(tmp_path / "journal", [])
    forced: list[int] = []
    monkeypatch.setattr("brickwork_broker.storage.journal.os.fsync", forced.append)
    written.append([])
    written.append(EVENTS[1:])
    assert forced == []
    written.append(EVENTS[:2])
    assert len(forced) == 1
    written.append([DrainSet(False, "olga", "done")])
    assert len(forced) == 2
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


def test_a_journal_that_has_grown_is_replaced_while_it_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "COMPACT_BYTES_MIN", 20_000)
    monkeypatch.setattr(rows, "ENDED_MAX", 20)
    path, limits = tmp_path / "journal", Limits(100)
    book = Book(path, limits, 0)
    files = {path.stat().st_ino}
    book.apply(Acquire(REQUEST, 0), 1)
    for number in range(1_000):
        book.apply(Release(f"unheard-{number}", 0), 2)
        files.add(path.stat().st_ino)
        assert book.ledger.charged_bytes == 60
    assert len(files) >= 2  # a number may be given again once its file is gone
    known = list(book.ledger.history())
    assert len(path.read_bytes().rstrip(b"\0")) < 25_000
    book.close()
    again = Book(path, limits, 3)
    assert list(again.ledger.history()) == known
    again.close()


def stop_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let so many steps that reach the disk happen, and then nothing more."""
    left = [steps]

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object) -> object:
            if left[0] == 0:
                raise PowerLost
            left[0] -= 1
            return real(*arguments)

        return step

    for name in ("pwrite", "posix_fallocate", "fsync", "replace"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))


@pytest.mark.parametrize("steps", range(5))
def test_a_compaction_stopped_at_any_step_loses_nothing(
    tmp_path: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal"
    written = Journal(path, EVENTS)
    stop_after(steps, monkeypatch)
    with pytest.raises(PowerLost):
        written.compact(EVENTS)
    monkeypatch.undo()
    assert journal.read(path) == EVENTS
    written.close()


def test_a_disk_that_cannot_allocate_is_written_to_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "not here")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with (tmp_path / "file").open("wb") as file:
        reserve.allocate(file.fileno(), 100, 100_000)
        assert os.fstat(file.fileno()).st_size == 100_100


def test_the_length_of_a_head_does_not_depend_on_the_boot() -> None:
    assert len(records.head(journal.this_boot())) == len(records.head("")) == records.HEAD_BYTES


WRITER = """
import sys
from pathlib import Path
from brickwork_broker.storage import journal
from brickwork_broker.core.events import Cancelled
journal.COMPACT_BYTES_MIN = 10_000
path = Path(sys.argv[1])
known = journal.read(path)
number = len(known)
with journal.Journal(path, known) as written:
    while True:
        number += 1
        known.append(Cancelled(f"token-{number}"))
        written.append(known[-1:])
        print(number, flush=True)
        if number % 20 == 0:
            written.compact(known)
"""


def test_a_journal_whose_writer_is_killed_at_any_moment_has_all_that_was_answered(
    tmp_path: Path,
) -> None:
    path, answered = tmp_path / "journal", 0
    for further in (1, 37, 80, 243):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for line in writer.stdout:
                answered = int(line)
                if answered >= further:
                    break
            writer.kill()
            answered = max([answered, *(int(line) for line in writer.stdout if line[-1] == "\n")])
        known = journal.read(path)
        assert len(known) in (answered, answered + 1)
        assert known == [Cancelled(f"token-{number}") for number in range(1, len(known) + 1)]
