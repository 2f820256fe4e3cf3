"""The HTTP process: `python -m brickwork_gateway`."""

import asyncio
import logging
import shutil
import socket
import sys
import time
from contextlib import suppress
from functools import partial

import uvicorn

from brickwork_gateway.app import make_app
from brickwork_gateway.door import Door
from brickwork_gateway.jobs.dispatcher import Dispatcher
from brickwork_gateway.jobs.transport import DramatiqTransport
from brickwork_gateway.ledger.decisions import Patience
from brickwork_gateway.ledger.sqlite_ledger import SqliteLedger
from brickwork_gateway.metrics import DISK_FREE_BYTES, DISK_SIZE_BYTES, JOBS, LEDGER_GAUGES
from brickwork_gateway.settings import GatewaySettings
from brickwork_gateway.uploads import Uploads
from brickwork_sdk.addresses import reserved, split_host_and_port
from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.logs import write_logs
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.telemetry.metrics import serve_metrics
from brickwork_sdk.telemetry.sample import offer
from brickwork_sdk.telemetry.span import trace_id
from brickwork_sdk.telemetry.tracing import traced

_log = logging.getLogger(__name__)
STOP_SECONDS = 2
"""How long open answers, such as streams of events, may go on once the process is to stop."""
_TICK_SECONDS = 0.5
"""How often the server looks whether it is to stop, and what time it is for its answers."""
_HEAD_BYTES_MAX = 32 * 1024
"""Of a request without its body: a name, a prompt and hot words take 12 bytes a character at most,
17 KiB in all."""


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    try:
        serve(GatewaySettings.load())
    except BrickworkError as error:
        sys.exit(f"{error.reason}: {error.message}")


def serve(settings: GatewaySettings) -> None:
    """Put the parts together and serve.

    Raises:
        ADDRESS_TAKEN: another process listens there.
        SETTING_INVALID, LEDGER_INCOMPATIBLE: there is no ledger to work with.
    """
    write_logs(settings.service, settings.log_level, trace_id)
    with traced(settings.service, settings.otlp_endpoint):
        if settings.metrics_listen:
            serve_metrics(settings.metrics_listen)
        _serve(settings)


def _serve(settings: GatewaySettings) -> None:
    host, port = split_host_and_port(settings.listen)
    with reserved(settings.listen):
        listener = socket.create_server((host, port))
    ledger = SqliteLedger.in_folder(settings.state_dir)
    objects = ObjectStore(settings.objects_dir)
    offer(LEDGER_GAUGES, partial(measure, ledger, settings))
    transport = DramatiqTransport(settings.valkey)
    door = Door(
        ledger=ledger,
        objects=objects,
        bricks=settings.bricks,
        uploads=Uploads(
            settings.state_dir / "uploads", objects, settings.upload_bytes_max, time.monotonic
        ),
        is_transport_reachable=transport.is_reachable,
        broker=settings.broker,
    )
    app = make_app(door, Dispatcher(ledger, transport, Patience(), time.monotonic))
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            log_level="warning",
            access_log=False,
            h11_max_incomplete_event_size=_HEAD_BYTES_MAX,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )
    _log.info("gateway_ready", extra={"address": settings.listen})
    with listener:
        asyncio.run(server.serve(sockets=[listener]))
    ledger.close()


class _Server(uvicorn.Server):
    """Wakes less often than uvicorn's, which costs half of what an idle gateway does."""

    async def main_loop(self) -> None:
        """Wait for the end."""
        while not await self.on_tick(0):  # noqa: ASYNC110 - its flag wakes nobody
            await asyncio.sleep(_TICK_SECONDS)


def measure(ledger: SqliteLedger, settings: GatewaySettings) -> None:
    """Set the gauges of what the ledger holds and of the room that is left for it."""
    for state, count in ledger.counts().items():
        JOBS.labels(state.value).set(count)
    for place, folder in (("state", settings.state_dir), ("objects", settings.objects_dir)):
        with suppress(OSError):  # a folder that was taken away is told of by those who need it
            usage = shutil.disk_usage(folder)
            DISK_FREE_BYTES.labels(place).set(usage.free)
            DISK_SIZE_BYTES.labels(place).set(usage.total)


if __name__ == "__main__":
    main()
