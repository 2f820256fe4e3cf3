from pathlib import Path

from brickwork_broker.book import Book
from brickwork_broker.ledger import Limits
from brickwork_broker.messages import Acquire
from brickwork_broker.probe import HostProbe
from brickwork_broker.runtime import Runtime
from services.broker.tests.unit.examples import BRICK, REQUEST


async def test_a_probe_that_fails_is_no_evidence(tmp_path: Path) -> None:
    boot_id = tmp_path / "proc/sys/kernel/random/boot_id"
    boot_id.parent.mkdir(parents=True)
    boot_id.write_text(BRICK.boot_id)
    # What is no folder cannot be asked for the process's state: an error, not an absence.
    (tmp_path / "proc" / str(BRICK.pid)).touch()
    book = Book(tmp_path / "journal", Limits(100), 0)
    runtime = Runtime(book, HostProbe(tmp_path / "proc"), lambda: 0)
    runtime.apply(Acquire(REQUEST, 0))
    await runtime.look_at([BRICK])
    assert runtime.ledger.charged_bytes == 60
    book.close()
