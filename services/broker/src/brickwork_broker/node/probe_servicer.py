"""Show a broker on another machine what a probe sees."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import grpc.aio

from brickwork.broker.v1 import probe_pb2 as pb
from brickwork.broker.v1 import probe_pb2_grpc
from brickwork_broker.core import admission
from brickwork_broker.core.request import Process
from brickwork_broker.node import probe_wire
from brickwork_broker.node.probe import Finder, Probe
from brickwork_sdk.errors import InvalidInput, Reason

if TYPE_CHECKING:  # grpc's classes take parameters in their stubs only
    Context = grpc.aio.ServicerContext[Any, Any]

TELL_SECONDS = 0.5
"""How often it is told again what is seen of the same processes."""
PROCESSES_MAX = 10_000


class ProbeServicer(probe_pb2_grpc.ProbeServiceServicer):
    """Look for whoever asks; it keeps nothing that a broker's ledger depends on.

    Args:
        probe: sees the device and the processes of this machine.
        finder: knows the processes of containers.
    """

    def __init__(self, probe: Probe, finder: Finder) -> None:
        self._probe = probe
        self._finder = finder

    async def WatchNode(
        self, request_iterator: AsyncIterator[pb.WatchNodeRequest], context: "Context"
    ) -> AsyncIterator[pb.WatchNodeResponse]:
        """Answer each question at once, and the last one again until the next."""
        questions: asyncio.Queue[pb.WatchNodeRequest | None] = asyncio.Queue()
        listening = asyncio.create_task(_put_all(request_iterator, questions))
        try:
            latest = await questions.get()
            if latest is None:
                raise InvalidInput(
                    Reason.STREAM_ORDER_INVALID, "The stream ended before any process was named."
                )
            while latest is not None:
                sight = await asyncio.to_thread(self._probe.look, _processes(latest))
                yield probe_wire.answer(sight, latest.sequence)
                try:
                    async with asyncio.timeout(TELL_SECONDS):
                        latest = await questions.get()
                except TimeoutError:
                    continue
        finally:
            listening.cancel()

    async def FindProcess(
        self, request: pb.FindProcessRequest, context: "Context"
    ) -> pb.FindProcessResponse:
        """Find a process of another pid namespace."""
        named = probe_wire.process(request.process)
        _require_sense((named,))
        namespace = request.process.pid_namespace
        found = await asyncio.to_thread(self._finder.find, named, namespace)
        return pb.FindProcessResponse(process=None if found is None else probe_wire.identity(found))


async def _put_all(
    requests: AsyncIterator[pb.WatchNodeRequest],
    questions: "asyncio.Queue[pb.WatchNodeRequest | None]",
) -> None:
    try:
        async for request in requests:
            questions.put_nowait(request)
    finally:
        questions.put_nowait(None)


def _processes(request: pb.WatchNodeRequest) -> tuple[Process, ...]:
    if len(request.processes) > PROCESSES_MAX:
        raise InvalidInput(
            Reason.VRAM_REQUEST_INVALID,
            f"One look is at most at {PROCESSES_MAX} processes.",
            metadata={"field": "processes"},
        )
    processes = tuple(probe_wire.process(one) for one in request.processes)
    _require_sense(processes)
    return processes


def _require_sense(processes: tuple[Process, ...]) -> None:
    for process in processes:
        fault = admission.find_fault_of_users((process,))
        if fault is not None:
            raise InvalidInput(
                Reason.VRAM_REQUEST_INVALID, fault.message, metadata={"field": fault.field}
            )
