from pathlib import Path

from brickwork_broker.book import Book
from brickwork_broker.ledger import Limits
from brickwork_broker.messages import Acquire, Process
from brickwork_broker.probe import Reading
from brickwork_broker.runtime import Runtime
from services.broker.tests.unit.examples import BRICK, REQUEST


class BlindProbe:
    """Sees nothing, and says so by failing."""

    device = "host"

    def is_gone(self, process: Process) -> bool:
        raise OSError("blind")

    def used_bytes(self, process: Process) -> int | None:
        return None

    def read(self) -> Reading:
        return Reading(100, None)


async def test_a_probe_that_fails_is_no_evidence(tmp_path: Path) -> None:
    book = Book(tmp_path / "journal", Limits(100), 0)
    runtime = Runtime(book, BlindProbe(), lambda: 0)
    runtime.apply(Acquire(REQUEST, 0))
    await runtime.look_at([BRICK])
    assert runtime.ledger.charged_bytes == 60
    book.close()
