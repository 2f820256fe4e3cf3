"""A real server for servicers under test, on a socket of its own."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import grpc.aio

from brickwork_sdk.caller import Caller
from brickwork_sdk.channels import open_channel
from brickwork_sdk.server import Register, running


@asynccontextmanager
async def served(
    register: Register,
    *,
    service: str = "test",
    service_names: Sequence[str] = (),
    caller: Caller | None = None,
    drain_seconds: float = 5.0,
) -> AsyncIterator[grpc.aio.Channel]:
    """Serve while the context lasts and yield a channel to it.

    Everything between the two is real: the socket, the interceptors, the drain.

    Args:
        register: adds the servicers to the server that it is given.
        service: name of the process; errors carry it in their domain.
        service_names: full names, for health and reflection.
        caller: on whose behalf the channel calls.
        drain_seconds: how long running calls may go on at the end.
    """
    # Not in the test's own folder: its path may be longer than a socket's may be.
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        address = f"unix:{Path(folder) / 'test.sock'}"
        async with (
            running(
                service_names,
                register,
                service=service,
                address=address,
                drain_seconds=drain_seconds,
            ),
            open_channel(address, caller) as channel,
        ):
            yield channel
