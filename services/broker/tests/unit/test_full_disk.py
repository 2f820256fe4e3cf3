"""A journal on a disk that is really full: a small tmpfs, where this user may mount one."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import grpc
import pytest

from brickwork.broker.v1 import broker_pb2 as pb
from brickwork_broker.core.commands import Acquire, ConfirmGone, Release, Renew, Tick
from brickwork_broker.core.events import Granted, Refusal, Refused, Released
from brickwork_broker.core.ledger import Limits
from brickwork_broker.storage import book as books
from brickwork_broker.storage import journal
from brickwork_broker.storage.book import Book
from brickwork_sdk.errors import Reason
from brickwork_sdk.rich_status import error_from_rpc
from services.broker.tests.unit.examples import BRICK, ENGINE, OTHER_REQUEST, REQUEST
from services.broker.tests.unit.test_broker_process import SECONDS, SECRET, acquire, broker, home

__all__ = ["home"]  # a fixture of theirs

DISK_BYTES = 8 * 1024 * 1024
LIMITS = Limits(200)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "brickwork-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("this user may not mount a disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(disk).free == 0
    return filler


def test_a_full_disk_refuses_new_grants_loses_none_and_takes_every_end(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "STEP_BYTES", 4096)
    book = Book(disk / "journal", LIMITS, 0)
    (granted,) = [e for e in book.apply(Acquire(REQUEST, 0), 1) if isinstance(e, Granted)]
    book.apply(Renew("token-01", granted.epoch, (ENGINE,)), 2)
    filler = fill(disk)
    for number in range(journal.STEP_BYTES // 50):
        book.apply(Release(f"refused-early-{number}", 0), 3)
    (refused,) = book.apply(Acquire(OTHER_REQUEST, 0), 4)
    assert isinstance(refused, Refused)
    assert (refused.refusal, refused.message) == (Refusal.CLOSED, books.FULL)
    assert book.ledger.charged_bytes == 60

    # Callers that are refused leave nothing behind, however many they are.
    size_bytes = len((disk / "journal").read_bytes().rstrip(b"\0"))
    for number in range(1_000):
        book.apply(Release(f"refused-{number}", 0), 5)
    assert len((disk / "journal").read_bytes().rstrip(b"\0")) == size_bytes

    book.apply(Release("token-01", granted.epoch), 6)
    (gone, released) = book.apply(ConfirmGone(ENGINE), 7)
    assert isinstance(released, Released)
    assert journal.read(disk / "journal")[-2:] == [gone, released]

    filler.unlink()
    assert isinstance(book.apply(Acquire(OTHER_REQUEST, 0), 8)[0], Refused)
    book.apply(Tick(), 9)
    assert any(isinstance(event, Granted) for event in book.apply(Acquire(OTHER_REQUEST, 0), 10))
    book.close()


def test_a_broker_started_on_a_full_disk_goes_on_with_the_journal_that_is_there(
    disk: Path,
) -> None:
    path = disk / "journal"
    book = Book(path, LIMITS, 0)
    (granted,) = [e for e in book.apply(Acquire(REQUEST, 0), 1) if isinstance(e, Granted)]
    book.close()
    with path.open("r+b") as torn:
        torn.seek(len(path.read_bytes().rstrip(b"\0")))
        torn.write(b"\x40\x00")
    fill(disk)
    before = path.stat().st_ino
    again = Book(path, LIMITS, 5)
    assert path.stat().st_ino == before
    assert again.ledger.charged_bytes == 60
    again.apply(Release("token-01", granted.epoch), 6)
    again.apply(ConfirmGone(BRICK), 7)
    assert again.ledger.charged_bytes == 0
    again.close()
    assert [type(event).__name__ for event in journal.read(path)][-1] == "Released"
    assert sorted(entry.name for entry in disk.iterdir()) == ["filler", "journal", "journal.lock"]


def test_a_journal_that_cannot_be_replaced_for_want_of_room_goes_on(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "COMPACT_BYTES_MIN", 1_000)
    path = disk / "journal"
    book = Book(path, LIMITS, 0)
    book.apply(Tick(), 1)  # takes room beyond the reserve
    filler = fill(disk)
    before = path.stat().st_ino
    for number in range(100):
        book.apply(Release(f"unheard-{number}", 0), 2)
    assert path.stat().st_ino == before
    assert len(journal.read(path)) > 100
    filler.unlink()
    for number in range(100):
        book.apply(Release(f"unheard-late-{number}", 0), 3)
    assert path.stat().st_ino != before
    assert len(journal.read(path)) > 200
    book.close()


def test_a_disk_that_is_full_from_the_start_is_an_error(disk: Path) -> None:
    fill(disk)
    with pytest.raises(OSError, match="No space left"):
        Book(disk / "journal", LIMITS, 0)


def test_a_broker_killed_on_a_full_disk_comes_back_with_all_and_lends_once_there_is_room(
    disk: Path, home: Path
) -> None:
    state = {"BRICKWORK_BROKER_STATE_DIR": str(disk), "BRICKWORK_BROKER_CAPACITY_BYTES": "200"}
    other = acquire()
    other.token_id = "token-02"
    with broker(home, **state) as (_, stub):
        first = stub.AcquireVramToken(acquire(), timeout=SECONDS).token
        for number in range(60):  # more than the page in which the room of the journal ends
            stub.ReleaseVramToken(release(f"{number:064}", 0), timeout=SECONDS)
        filler = fill(disk)
    with broker(home, **state) as (_, stub):
        with pytest.raises(grpc.RpcError) as raised:
            stub.AcquireVramToken(other, timeout=SECONDS)
        error = error_from_rpc(raised.value)
        assert (error.reason, error.message) == (Reason.STORAGE_FULL, books.FULL)
        released = stub.ReleaseVramToken(release("token-01", first.epoch), timeout=SECONDS)
        assert released.token.state == pb.TOKEN_STATE_RELEASED
        capacity = stub.GetCapacity(pb.GetCapacityRequest(), timeout=SECONDS)
        assert capacity.closed_because == books.FULL
        filler.unlink()
        second = pb.VramToken()
        while second.state != pb.TOKEN_STATE_GRANTED:
            with suppress(grpc.RpcError):
                second = stub.AcquireVramToken(other, timeout=SECONDS).token
        assert second.epoch > first.epoch


def release(token_id: str, epoch: int) -> pb.ReleaseVramTokenRequest:
    return pb.ReleaseVramTokenRequest(token_id=token_id, epoch=epoch, secret=SECRET)
