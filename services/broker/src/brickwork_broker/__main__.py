"""Start the broker: settings, probe, book, runtime, server."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pynvml

from brickwork.broker.v1alpha1 import broker_pb2, broker_pb2_grpc
from brickwork_broker.book import Book
from brickwork_broker.clock import AwakeClock
from brickwork_broker.lease_gauges import measure
from brickwork_broker.ledger import Limits
from brickwork_broker.metrics import LEASE_GAUGES
from brickwork_broker.nvml_probe import NvmlProbe
from brickwork_broker.pid_namespaces import PidNamespaces
from brickwork_broker.probe import HostProbe, Probe
from brickwork_broker.runtime import Runtime
from brickwork_broker.servicer import BrokerServicer
from brickwork_broker.settings import BrokerSettings
from brickwork_sdk.errors import BrickworkError, InvalidInput, NoCapacity, Reason
from brickwork_sdk.server import serve
from brickwork_sdk.telemetry.sample import offer

SERVICE_NAME = broker_pb2.DESCRIPTOR.services_by_name["BrokerService"].full_name


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
    try:
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _probe(settings.device) as probe:
            limits = Limits(settings.capacity_bytes or _default_bytes(probe), settings.queue_max)
            clock = AwakeClock(_now_ms)
            with closing(Book(settings.state_dir / "journal", limits, clock())) as book:
                await _serve(settings, Runtime(book, probe, clock), probe)
    except OSError as error:
        raise NoCapacity(
            Reason.STORAGE_FULL,
            f"The journal in {settings.state_dir} cannot be kept: {error.strerror}.",
            metadata={"path": str(settings.state_dir)},
        ) from error


async def _serve(settings: BrokerSettings, runtime: Runtime, probe: Probe) -> None:
    offer(LEASE_GAUGES, lambda: measure(runtime.ledger, probe, runtime.applied_ms))
    servicer = BrokerServicer(runtime, probe, PidNamespaces(HostProbe()))
    serving = asyncio.create_task(
        serve(
            [SERVICE_NAME],
            lambda server: broker_pb2_grpc.add_BrokerServiceServicer_to_server(servicer, server),
            settings,
        )
    )
    keeping = asyncio.create_task(runtime.run())
    await asyncio.wait({serving, keeping}, return_when=asyncio.FIRST_COMPLETED)
    for task in (keeping, serving):
        if task.done():
            task.result()
        else:
            task.cancel()
            await asyncio.wait({task})


@contextmanager
def _probe(device: str) -> Iterator[Probe]:
    host = HostProbe()
    if device == host.device:
        yield host
        return
    try:
        with NvmlProbe(pynvml, host, int(device.removeprefix("cuda:"))) as probe:
            yield probe
    except pynvml.NVMLError as error:
        raise InvalidInput(
            Reason.SETTING_INVALID,
            f"The setting BRICKWORK_BROKER_DEVICE names {device}, which NVML cannot see: {error}.",
            metadata={"setting": "BRICKWORK_BROKER_DEVICE"},
        ) from error


def _default_bytes(probe: Probe) -> int:
    total_bytes = probe.read().total_bytes
    return total_bytes // 2 if probe.device == "host" else total_bytes // 10 * 9


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


if __name__ == "__main__":
    sys.exit(main())
