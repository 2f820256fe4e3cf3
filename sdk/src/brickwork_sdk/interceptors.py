"""The border of a server: what every call passes on its way in and out.

Requests are read and decoded here and not by gRPC, which would answer UNKNOWN with a
Python class name to a message that it cannot read, and nothing at all to a call without
the one message that its RPC takes (ADR 70).
"""

import asyncio
import inspect
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from brickwork_sdk.caller import Caller, current_caller
from brickwork_sdk.errors import (
    BrickworkError,
    Busy,
    DeadlineExceeded,
    EngineFailed,
    InvalidInput,
    Reason,
)
from brickwork_sdk.limits import MESSAGE_LIMIT
from brickwork_sdk.rich_status import error_from_rpc, to_status
from brickwork_sdk.telemetry.metrics import RPC_ERRORS, RPC_SECONDS, RPC_TOTAL
from brickwork_sdk.telemetry.span import begin_call, mark_failed
from brickwork_sdk.telemetry.tracing import INFRASTRUCTURE

log = logging.getLogger(__name__)

if TYPE_CHECKING:  # grpc's classes take parameters in their stubs only
    Context = grpc.aio.ServicerContext[Any, Any]
    Handler = grpc.RpcMethodHandler[Any, Any]
Decode = Callable[[bytes], Any] | None

REQUEST_SECONDS_MAX = 60.0
"""How long the one message of an RPC may take to arrive, however late the caller's deadline is."""


class RunningCalls:
    """The calls that are being served, so that a stop can wait for them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._ended: set[asyncio.Task[Any]] = set()

    def enter(self) -> asyncio.Task[Any]:
        """Count the current task as a call."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._idle.clear()
        return task

    def leave(self, task: asyncio.Task[Any]) -> None:
        """Forget a call that has ended."""
        self._tasks.discard(task)
        self._ended.discard(task)
        if not self._tasks:
            self._idle.set()

    def is_ended_by_us(self, task: asyncio.Task[Any]) -> bool:
        """Tell whether a cancelled call was ended by `drain` and not by its caller."""
        return task in self._ended

    async def drain(self, grace_seconds: float) -> None:
        """Wait until no call runs; those still running after the grace are ended."""
        try:
            async with asyncio.timeout(grace_seconds):
                await self._idle.wait()
        except TimeoutError:
            self._ended = set(self._tasks)
            for task in self._ended:
                task.cancel()
            await self._idle.wait()


class BorderInterceptor(grpc.aio.ServerInterceptor):
    """Decodes requests, names the caller, traces and counts the call and renders its error."""

    def __init__(self, service: str, calls: RunningCalls) -> None:
        self._domain = f"{service}.brickwork"
        self._calls = calls
        self._guarded: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: "Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]",
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "Handler | None":
        """Wrap the method that serves the call."""
        handler = await continuation(handler_call_details)
        rpc = handler_call_details.method
        # None for a method that does not exist: gRPC answers UNIMPLEMENTED by itself.
        if handler is None or rpc.startswith(INFRASTRUCTURE):
            return handler
        if rpc not in self._guarded:
            self._guarded[rpc] = self._guard(rpc, handler)
        return self._guarded[rpc]

    def _guard(self, rpc: str, handler: "Handler") -> "Handler":
        # Every call is a stream of requests towards gRPC, as it is on the wire.
        if handler.response_streaming:
            behaviour = handler.stream_stream or handler.unary_stream
            assert inspect.isasyncgenfunction(behaviour), f"{rpc} must yield its responses"
            return grpc.stream_stream_rpc_method_handler(
                self._streaming(rpc, behaviour, handler), None, handler.response_serializer
            )
        behaviour = handler.stream_unary or handler.unary_unary
        return grpc.stream_unary_rpc_method_handler(
            self._unary(rpc, behaviour, handler), None, handler.response_serializer
        )

    def _unary(self, rpc: str, behaviour: Any, handler: "Handler") -> Any:
        async def serve(requests: AsyncIterator[bytes], context: "Context") -> Any:
            async with self._border(rpc, context):
                return await behaviour(await _taken(handler, requests, context), context)

        return serve

    def _streaming(self, rpc: str, behaviour: Any, handler: "Handler") -> Any:
        async def serve(
            requests: AsyncIterator[bytes], context: "Context"
        ) -> AsyncGenerator[Any, None]:
            async with self._border(rpc, context):
                taken = await _taken(handler, requests, context)
                async with aclosing(behaviour(taken, context)) as responses:
                    async for response in responses:
                        yield response

        return serve

    @asynccontextmanager
    async def _border(self, rpc: str, context: "Context") -> AsyncIterator[None]:
        started = time.monotonic()
        metadata = context.invocation_metadata() or ()
        span = begin_call(rpc, metadata)
        task = self._calls.enter()
        error: BrickworkError | None = None
        code = grpc.StatusCode.OK
        try:
            current_caller.set(Caller.from_metadata(metadata))
            yield
        except BrickworkError as raised:
            error = raised
        except grpc.RpcError as raised:
            error = error_from_rpc(raised)
        except (asyncio.CancelledError, GeneratorExit):
            code = grpc.StatusCode.CANCELLED
            if not self._calls.is_ended_by_us(task):
                raise
            task.uncancel()
            error = Busy(
                Reason.BRICK_STOPPING, "The brick is shutting down.", retry_after_seconds=1.0
            )
        except Exception:
            log.exception("rpc_failed_unexpectedly", extra={"rpc": rpc})
            error = EngineFailed(
                Reason.UNEXPECTED, "Something went wrong on our side; the log has the details."
            )
        finally:
            self._calls.leave(task)
            code = grpc.StatusCode[error.code] if error is not None else code
            seconds = time.monotonic() - started
            RPC_SECONDS.labels(rpc).observe(seconds)
            RPC_TOTAL.labels(rpc, code.name).inc()
            _note(rpc, code, error, seconds)
            span.set_attribute("rpc.grpc.status_code", code.value[0])
            span.end()
        if error is not None:
            await context.abort_with_status(_Status(error, self._domain))


class _Status(grpc.Status):
    """The rich status of an error, in the form that a context takes."""

    def __init__(self, error: BrickworkError, domain: str) -> None:
        self.code = grpc.StatusCode[error.code]
        self.details = error.message
        encoded = to_status(error, domain).SerializeToString()
        self.trailing_metadata = (("grpc-status-details-bin", encoded),)


def _note(
    rpc: str, code: grpc.StatusCode, error: BrickworkError | None, duration_seconds: float
) -> None:
    fields = {"rpc": rpc, "code": code.name, "duration_seconds": round(duration_seconds, 6)}
    if error is None:
        log.debug("rpc_ended", extra=fields)
        return
    mark_failed(error.reason)
    RPC_ERRORS.labels(rpc, error.reason.value).inc()
    log.info("rpc_refused", extra={**fields, "reason": error.reason.value})


async def _taken(handler: "Handler", requests: AsyncIterator[bytes], context: "Context") -> Any:
    """Return what a behaviour takes: its one message, or all of them as they arrive."""
    if handler.request_streaming:
        return _messages(requests, handler.request_deserializer)
    return _message(await _only(context), handler.request_deserializer)


async def _only(context: "Context") -> bytes:
    try:
        async with asyncio.timeout(REQUEST_SECONDS_MAX):
            request = await context.read()
    except TimeoutError as error:
        raise DeadlineExceeded(
            Reason.STREAM_SILENT,
            f"The request did not arrive within {REQUEST_SECONDS_MAX:.0f} s.",
            metadata={"limit_seconds": f"{REQUEST_SECONDS_MAX:.0f}"},
        ) from error
    if request is grpc.aio.EOF:
        # So it looks too when the caller has left; while this is sent, gRPC cancels such a call.
        await context.send_initial_metadata(())
        raise InvalidInput(
            Reason.ARGUMENT_INVALID, "The call ended without a message, and its RPC takes one."
        )
    return bytes(request)


async def _messages(requests: AsyncIterator[bytes], decode: Decode) -> AsyncIterator[Any]:
    async for request in requests:
        yield _message(request, decode)


def _message(request: bytes, decode: Decode) -> Any:
    MESSAGE_LIMIT.require(len(request))
    if decode is None:
        return request
    try:
        return decode(request)
    except DecodeError as error:
        raise InvalidInput(
            Reason.ARGUMENT_INVALID,
            "The request is no message of this RPC, or one of its texts is not UTF-8.",
        ) from error
