"""See a device and its processes through a probe that runs where they are."""

import logging
import threading
import time
from collections.abc import Collection
from typing import Self

import grpc

from brickwork.broker.v1 import probe_pb2 as pb
from brickwork.broker.v1 import probe_pb2_grpc
from brickwork_broker.core.request import Process
from brickwork_broker.core.sight import Sight
from brickwork_broker.node import probe_wire
from brickwork_broker.node.probe_stream import ProbeStream
from brickwork_sdk.addresses import invalid_address
from brickwork_sdk.channels import OPTIONS, rpc_errors
from brickwork_sdk.errors import BrickworkError, Busy, Reason
from brickwork_sdk.targets import split_addresses, target_of

START_SECONDS = 30.0
"""How long a broker waits at its start for a probe that does not answer."""
LOOK_SECONDS = 1.0
"""How long one look waits for its answer; without one, the probe was silent."""
SILENCE_SECONDS = 5.0
"""Silence up to this is normal; a longer one is logged."""
FIND_SECONDS = 2.0
KNOWN_MAX = 1_000
"""How many processes are remembered by the names that they gave themselves."""

_log = logging.getLogger(__name__)


class RemoteProbe:
    """Ask a probe over one stream, and believe only the answer to the very question.

    What a probe said before it fell silent is not repeated: without an answer there is no reading
    and no evidence. A probe that is started again knows all that the one before it knew, because
    deaths are seen in the machine and not remembered.

    Args:
        address: of the probe.

    Raises:
        InvalidInput: ADDRESS_INVALID.
        Busy: BRICK_UNREACHABLE, it does not answer.
    """

    def __init__(self, address: str) -> None:
        if len(split_addresses(address)) > 1:
            # Each would take the processes of the others' machines for those of an earlier boot.
            raise invalid_address(address, "names several probes, and a broker has one")
        self._address = address
        self._channel = grpc.insecure_channel(target_of(address), options=OPTIONS)
        self._stub = probe_pb2_grpc.ProbeServiceStub(self._channel)
        self._stream = ProbeStream(self._stub)
        self._sequence = 0
        self._one_look = threading.Lock()
        self._found: dict[tuple[Process, int], Process] = {}
        self._heard_at = time.monotonic()
        self._is_silent = False
        first = self._ask((), START_SECONDS)
        if first is None:
            self.close()
            raise self._unreachable()
        self.device = first.device
        self._total_bytes = first.total_bytes

    def look(self, processes: Collection[Process]) -> Sight:
        """Look at the device and at these processes; without an answer nothing is seen."""
        answer = self._ask(processes, LOOK_SECONDS)
        self._note_silence(answer is None)
        if answer is None:
            return Sight(self.device, self._total_bytes)
        self._total_bytes = answer.total_bytes
        return probe_wire.sight(answer, processes)

    def find(self, named: Process, namespace: int) -> Process | None:
        """Return a process as the probe sees it, or None if it cannot.

        Raises:
            Busy: BRICK_UNREACHABLE, it does not answer, and never told this one.
        """
        known = self.recall(named, namespace)
        if known is not None:
            return known
        request = pb.FindProcessRequest(process=probe_wire.identity(named))
        request.process.pid_namespace = namespace
        try:
            with rpc_errors("probe"):
                answer = self._stub.FindProcess(request, timeout=FIND_SECONDS)
        except BrickworkError as error:
            if error.reason in (Reason.BRICK_UNREACHABLE, Reason.DEADLINE_EXCEEDED):
                raise self._unreachable() from error
            raise
        if not answer.HasField("process"):
            return None
        found = self._found[named, namespace] = probe_wire.process(answer.process)
        if len(self._found) > KNOWN_MAX:
            del self._found[next(iter(self._found))]
        return found

    def is_gone(self, process: Process) -> None:
        """Tell nothing of a process: only an answer of the probe does."""

    def recall(self, named: Process, namespace: int) -> Process | None:
        """Return a process that was found before, without asking anybody."""
        return self._found.get((named, namespace))

    def close(self) -> None:
        """End the stream and the channel."""
        self._stream.close()
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(
        self, processes: Collection[Process], wait_seconds: float
    ) -> pb.WatchNodeResponse | None:
        """Return what the probe sees now, or None if it does not answer in time."""
        with self._one_look:
            if self._stream.is_over:
                self._stream = ProbeStream(self._stub)
            self._sequence += 1
            question = pb.WatchNodeRequest(
                processes=[probe_wire.identity(process) for process in processes],
                sequence=self._sequence,
            )
            return self._stream.ask(question, wait_seconds)

    def _note_silence(self, is_silent: bool) -> None:
        now = time.monotonic()
        if not is_silent:
            if self._is_silent:
                _log.info("probe_heard", extra={"silent_seconds": now - self._heard_at})
            self._heard_at, self._is_silent = now, False
        elif not self._is_silent and now - self._heard_at > SILENCE_SECONDS:
            _log.warning("probe_silent", extra={"silent_seconds": now - self._heard_at})
            self._is_silent = True

    def _unreachable(self) -> Busy:
        return Busy(
            Reason.BRICK_UNREACHABLE,
            f"The probe at {self._address} does not answer.",
            metadata={"service": "probe"},
        )
