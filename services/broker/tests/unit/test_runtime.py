import asyncio
import threading
from collections.abc import Collection
from pathlib import Path

from brickwork_broker.core.commands import Acquire
from brickwork_broker.core.ledger import Limits
from brickwork_broker.core.request import Process
from brickwork_broker.core.sight import Sight
from brickwork_broker.node.probe import HostProbe
from brickwork_broker.node.shared_look import SharedLook
from brickwork_broker.runtime import Runtime
from brickwork_broker.storage.book import Book
from services.broker.tests.unit.examples import BRICK, ENGINE, OTHER_BRICK, REQUEST


async def test_a_probe_that_fails_is_no_evidence(tmp_path: Path) -> None:
    boot_id = tmp_path / "proc/sys/kernel/random/boot_id"
    boot_id.parent.mkdir(parents=True)
    boot_id.write_text(BRICK.boot_id)
    (tmp_path / "proc/meminfo").write_text("MemTotal: 1 kB\nMemAvailable: 1 kB\n")
    (tmp_path / "proc/self").mkdir()
    (tmp_path / "proc/self/cgroup").touch()
    # What is no folder cannot be asked for the process's state: an error, not an absence.
    (tmp_path / "proc" / str(BRICK.pid)).touch()
    book = Book(tmp_path / "journal", Limits(100), 0)
    runtime = Runtime(book, HostProbe(tmp_path / "proc"), lambda: 0)
    runtime.apply(Acquire(REQUEST, 0))
    await runtime.look_at([BRICK])
    assert runtime.ledger.charged_bytes == 60
    book.close()


class SlowProbe:
    """Sees nothing, and only when it is let."""

    device = "host"

    def __init__(self) -> None:
        self.asked: list[set[Process]] = []
        self.may_see = threading.Event()

    def look(self, processes: Collection[Process]) -> Sight:
        self.asked.append(set(processes))
        assert self.may_see.wait(10.0)
        return Sight(self.device, 100, gone=frozenset(processes))


async def test_callers_that_come_during_a_look_share_the_next_one() -> None:
    probe = SlowProbe()
    shared = SharedLook(probe)
    first = asyncio.create_task(shared.look([BRICK]))
    async with asyncio.timeout(10.0):
        while not probe.asked:  # noqa: ASYNC110 - the thread of the look tells nobody
            await asyncio.sleep(0.01)
    later = [asyncio.create_task(shared.look([process])) for process in (ENGINE, OTHER_BRICK)]
    later[1].cancel()
    await asyncio.sleep(0)
    probe.may_see.set()
    assert (await first).gone == {BRICK}
    assert ENGINE in (await later[0]).gone, "who leaves does not end the look of others"
    assert len(probe.asked) == 2
