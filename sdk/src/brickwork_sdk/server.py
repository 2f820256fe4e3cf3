"""The server harness: what makes a servicer a process of the mesh."""

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from brickwork_sdk.addresses import reserved
from brickwork_sdk.channels import MESSAGE_BYTES_MAX
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.interceptors import BorderInterceptor, RunningCalls
from brickwork_sdk.logs import write_logs
from brickwork_sdk.settings import ServerSettings
from brickwork_sdk.telemetry import metrics, tracing
from brickwork_sdk.telemetry.span import trace_id

log = logging.getLogger(__name__)

Register = Callable[[grpc.aio.Server], None]

RECEIVED_BYTES_MAX = 3 * MESSAGE_BYTES_MAX
"""What gRPC takes in, so that the border says why it refuses what lies between the two: what is
larger still, gRPC refuses by its length, unread and without a reason of ours."""

_OPTIONS = (
    ("grpc.max_receive_message_length", RECEIVED_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_metadata_size", 16 * 1024),
    # Otherwise a second process would share the port and get half of the calls.
    ("grpc.so_reuseport", 0),
    # Clients of ours ask every 10 s whether a silent server lives; left to itself it would take
    # the third such question for an attack and hang up.
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
)

CONNECTION_SECONDS_MAX = 60.0
"""A connection over TCP is closed after that long, give or take a tenth, once its calls have ended.
Its client then asks DNS again and finds replicas that were not there before."""
NOTICE_SECONDS = 0.5
"""A process that stops says so this long before it refuses calls, so that callers are elsewhere by
then: of the calls that arrive while gRPC closes its door, some end as CANCELLED."""


async def serve(service_names: Sequence[str], register: Register, settings: ServerSettings) -> None:
    """Serve until SIGTERM or SIGINT, then let running calls end and return.

    Writes JSON logs to stderr and nothing to stdout.

    Args:
        service_names: full names of the services, such as `brickwork.asr.v1.AsrService`.
        register: adds the servicers to the server that it is given.
        settings: where to listen and how to stop.

    Raises:
        InvalidInput: ADDRESS_INVALID.
        NotPossible: ADDRESS_TAKEN.
    """
    write_logs(settings.service, settings.log_level, trace_id)
    with tracing.traced(settings.service, settings.otlp_endpoint):
        if settings.metrics_listen:
            metrics.serve_metrics(settings.metrics_listen)
        await _until_asked_to_stop(service_names, register, settings)


async def _until_asked_to_stop(
    service_names: Sequence[str], register: Register, settings: ServerSettings
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        async with running(
            service_names,
            register,
            service=settings.service,
            address=settings.listen,
            drain_seconds=settings.drain_seconds,
            notice_seconds=NOTICE_SECONDS,
        ):
            # What is loaded by now stays. To go through it in search of garbage took 65 ms, time
            # and again, in which every call waited.
            gc.freeze()
            log.info("server_ready", extra={"address": settings.listen})
            await stop.wait()
            log.info("server_stopping")
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@asynccontextmanager
async def running(
    service_names: Sequence[str],
    register: Register,
    *,
    service: str,
    address: str,
    drain_seconds: float,
    notice_seconds: float = 0.0,
) -> AsyncIterator[None]:
    """Serve while the context lasts; at its end running calls get `drain_seconds`.

    Health and reflection come with every server.

    Args:
        service_names: full names of the services.
        register: adds the servicers to the server that it is given.
        service: name of the process.
        address: where to serve.
        drain_seconds: how long running calls may go on.
        notice_seconds: how long before that health says NOT_SERVING while calls are still taken.
    """
    calls = RunningCalls()
    server = grpc.aio.server(
        interceptors=[BorderInterceptor(service, calls)],
        options=(*_OPTIONS, *_ageing(address)),
    )
    status = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(status, server)
    register(server)
    names = (*service_names, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    with reserved(address):
        try:
            server.add_insecure_port(address)
        except RuntimeError as error:
            raise InvalidInput(
                Reason.ADDRESS_INVALID,
                f"The address {address} cannot be listened on.",
                metadata={"address": address},
            ) from error
        await server.start()
        for name in service_names:
            await status.set(name, health_pb2.HealthCheckResponse.SERVING)
        try:
            yield
        finally:
            await status.enter_graceful_shutdown()
            await asyncio.sleep(notice_seconds)
            await _drain(server, calls, drain_seconds)


def _ageing(address: str) -> tuple[tuple[str, int], ...]:
    if address.startswith("unix:"):
        return ()  # The list of sockets is known beforehand.
    return (("grpc.max_connection_age_ms", round(CONNECTION_SECONDS_MAX * 1000)),)


async def _drain(server: grpc.aio.Server, calls: RunningCalls, drain_seconds: float) -> None:
    # From here on gRPC takes no new call; watchers of health would keep it open for ever.
    stopping = asyncio.create_task(server.stop(drain_seconds + 5.0))
    await calls.drain(drain_seconds)
    await server.stop(1.0)
    await stopping
