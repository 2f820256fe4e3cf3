"""Start the broker: settings, probe, book, runtime, servers."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from typing import Any

from brickwork.broker.v1 import admin_pb2, admin_pb2_grpc, broker_pb2, broker_pb2_grpc
from brickwork_broker.admin_servicer import AdminServicer
from brickwork_broker.audit.audit_trail import AuditTrail
from brickwork_broker.audit.daily_head import export_daily
from brickwork_broker.board import Board
from brickwork_broker.clock import AwakeClock
from brickwork_broker.core.forecast import Forecast
from brickwork_broker.core.ledger import Limits
from brickwork_broker.core.sight import Sight
from brickwork_broker.lease_gauges import measure
from brickwork_broker.lease_meter import LeaseMeter
from brickwork_broker.metrics import LEASE_GAUGES
from brickwork_broker.node.probe import Finder
from brickwork_broker.node.probes import open_probe
from brickwork_broker.runtime import Runtime
from brickwork_broker.servicer import BrokerServicer
from brickwork_broker.settings import BrokerSettings
from brickwork_broker.storage.book import Book
from brickwork_broker.storage.learner import Learner
from brickwork_sdk.errors import BrickworkError, NoCapacity, Reason
from brickwork_sdk.server import running, serve
from brickwork_sdk.telemetry.sample import offer

SERVICE_NAME = broker_pb2.DESCRIPTOR.services_by_name["BrokerService"].full_name
ADMIN_NAME = admin_pb2.DESCRIPTOR.services_by_name["BrokerAdminService"].full_name
SAVE_SECONDS = 10.0
"""How often what was learned is kept: it is knowledge that a kill may cost, and no promise."""


def main() -> int:
    """Run the broker until it is asked to stop; 1 after an error, named on stderr."""
    try:
        asyncio.run(_lend(BrokerSettings.load()))
    except BrickworkError as error:
        # One line for the operator; the log has no reader yet when settings are wrong.
        sys.stderr.write(f"{error.message} [{error.reason.value}]\n")
        return 1
    return 0


async def _lend(settings: BrokerSettings) -> None:
    folder = settings.state_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open_probe(settings) as (probe, finder):
            sight = await asyncio.to_thread(probe.look, ())
            limits = Limits(settings.capacity_bytes or _default_bytes(sight), settings.queue_max)
            clock = AwakeClock(_now_ms)
            with (
                closing(Book(folder / "journal", limits, clock())) as book,
                closing(AuditTrail(folder / "audit", book.ledger, probe.device, clock())) as trail,
            ):
                learner = Learner(folder / "footprints.json", probe.device)
                forecast = Forecast()
                notes = (LeaseMeter().note, trail.note, learner.note, forecast.note)
                runtime = Runtime(book, probe, clock, notes, learner.look)
                board = Board(runtime, probe.device, sight.total_bytes, forecast)
                await _serve(settings, runtime, board, finder, learner, trail)
    except OSError as error:
        raise NoCapacity(
            Reason.STORAGE_FULL,
            f"What the broker must know cannot be kept in {folder}: {error.strerror}.",
            metadata={"path": str(folder)},
        ) from error


async def _serve(
    settings: BrokerSettings,
    runtime: Runtime,
    board: Board,
    finder: Finder,
    learner: Learner,
    trail: AuditTrail,
) -> None:
    offer(LEASE_GAUGES, lambda: measure(runtime.ledger, runtime.sight, runtime.applied_ms))
    servicer = BrokerServicer(runtime, board, finder, learner.needed_bytes)
    add = partial(broker_pb2_grpc.add_BrokerServiceServicer_to_server, servicer)
    admin = AdminServicer(runtime, board, trail.timeline)
    async with (
        _administered(settings, admin),
        _beside(_keep(learner)),
        _beside(export_daily(settings.state_dir / "audit")),
    ):
        await _first_of(serve([SERVICE_NAME], add, settings), runtime.run())


@asynccontextmanager
async def _administered(settings: BrokerSettings, admin: AdminServicer) -> AsyncIterator[None]:
    """Serve operators on an address of their own, where there is one."""
    if not settings.admin_listen:
        yield
        return
    async with running(
        [ADMIN_NAME],
        partial(admin_pb2_grpc.add_BrokerAdminServiceServicer_to_server, admin),
        service=settings.service,
        address=settings.admin_listen,
        drain_seconds=settings.drain_seconds,
    ):
        yield


async def _keep(learner: Learner) -> None:
    """Keep what is learned, now and then and at the end."""
    try:
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            await asyncio.to_thread(learner.save)
    finally:
        learner.save()


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let something run as long as the context lasts; its failure is seen at the end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Return or fail as the first of them does; the others end with it."""
    tasks = [asyncio.create_task(work) for work in works]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in reversed(tasks):
        if task.done():
            task.result()
        else:
            task.cancel()
            await asyncio.wait({task})


def _default_bytes(sight: Sight) -> int:
    return sight.total_bytes // 2 if sight.device == "host" else sight.total_bytes // 10 * 9


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


if __name__ == "__main__":
    sys.exit(main())
