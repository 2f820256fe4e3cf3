"""The plainest call there is: a gRPC server that does nothing, in a process of its own.

`python -m tools.bench.empty_call ADDRESS` serves it.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import grpc
import grpc.aio
from google.protobuf import empty_pb2

_SERVICE, _METHOD = "plain.Empty", "Say"

Call = Callable[[], Awaitable[object]]


@contextmanager
def empty_server(address: str) -> Iterator[None]:
    """Serve the empty call as long as the context lasts."""
    process = subprocess.Popen([sys.executable, "-m", "tools.bench.empty_call", address])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def empty_call(channel: grpc.aio.Channel) -> Call:
    """Return the empty call over a channel."""
    say = channel.unary_unary(
        f"/{_SERVICE}/{_METHOD}",
        empty_pb2.Empty.SerializeToString,
        empty_pb2.Empty.FromString,
    )
    return lambda: say(empty_pb2.Empty(), wait_for_ready=True)


async def spans_seconds(callers: int, turns: int, work: Call) -> list[float]:
    """Return how long each piece of work took, done by so many callers at once, each in turn."""
    spans: list[float] = []

    async def caller() -> None:
        for _ in range(turns):
            began = time.perf_counter()
            await work()
            spans.append(time.perf_counter() - began)

    await work()  # the channel is there
    await asyncio.gather(*(caller() for _ in range(callers)))
    return spans


async def _serve(address: str) -> None:
    async def say(request: object, context: object) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    handler = grpc.unary_unary_rpc_method_handler(
        say, empty_pb2.Empty.FromString, empty_pb2.Empty.SerializeToString
    )
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(_SERVICE, {_METHOD: handler}),)
    )
    server.add_insecure_port(address)
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
