"""A broker over a real socket, with real processes as holders and engines."""

import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import grpc.aio
import pytest

from brickwork.broker.v1 import admin_pb2_grpc, broker_pb2_grpc
from brickwork_broker.admin_servicer import AdminServicer
from brickwork_broker.audit.timeline import Timeline
from brickwork_broker.board import Board
from brickwork_broker.core.forecast import Forecast
from brickwork_broker.core.ledger import Limits
from brickwork_broker.node.pid_namespaces import PidNamespaces
from brickwork_broker.node.probe import HostProbe
from brickwork_broker.runtime import Runtime
from brickwork_broker.servicer import BrokerServicer
from brickwork_broker.storage.book import Book
from brickwork_sdk.server import running
from brickwork_sdk.testing.clock import ManualClock
from services.broker.tests.unit.asking import Child

if TYPE_CHECKING:  # the stub of grpc.aio has a class of its own in the type stubs only
    Stub = broker_pb2_grpc.BrokerServiceAsyncStub
    AdminStub = admin_pb2_grpc.BrokerAdminServiceAsyncStub
    Stubs = tuple[Stub, AdminStub]

MIB = 1024 * 1024


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1.0)


@pytest.fixture
def children() -> Iterator[list[Child]]:
    """Two real processes: a brick and its engine."""
    started = [
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) for _ in range(2)
    ]
    yield started
    for child in started:
        child.kill()
        child.communicate()


@pytest.fixture
def runtime(tmp_path: Path, clock: ManualClock) -> Iterator[Runtime]:
    book = Book(tmp_path / "journal", Limits(100, queue_max=2), 0)
    yield Runtime(book, HostProbe(), lambda: round(clock() * 1000))
    book.close()


@pytest.fixture
async def stubs(runtime: Runtime) -> AsyncIterator["Stubs"]:
    board = Board(runtime, "host", 1_000 * MIB, Forecast())
    servicer = BrokerServicer(runtime, board, PidNamespaces(HostProbe()), lambda _: 7)
    timeline = Timeline()
    admin = AdminServicer(runtime, board, timeline)

    def register(server: grpc.aio.Server) -> None:
        broker_pb2_grpc.add_BrokerServiceServicer_to_server(servicer, server)
        admin_pb2_grpc.add_BrokerAdminServiceServicer_to_server(admin, server)

    # The path of a socket has few bytes, and a plain channel passes a cancelled call on.
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        address = f"unix:{folder}/broker.sock"
        async with (
            running(
                [],
                register,
                service="broker",
                address=address,
                drain_seconds=5.0,
            ),
            grpc.aio.insecure_channel(address) as channel,
        ):
            yield (
                broker_pb2_grpc.BrokerServiceStub(channel),
                (admin_pb2_grpc.BrokerAdminServiceStub(channel)),
            )


@pytest.fixture
def stub(stubs: "Stubs") -> "Stub":
    return stubs[0]


@pytest.fixture
def admin(stubs: "Stubs") -> "AdminStub":
    return stubs[1]
