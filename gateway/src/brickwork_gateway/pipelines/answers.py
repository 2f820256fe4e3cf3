"""The common grammar of working streams: waiting, started, progress, then results."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar, cast

import grpc
from google.protobuf.message import Message

from brickwork_gateway.pipelines.stage_run import StageRun
from brickwork_sdk.channels import rpc_errors
from brickwork_sdk.errors import DeadlineExceeded, Reason

RECORDING_SECONDS_MAX = 24 * 60 * 60.0
"""Deadline of a call that works through a recording; a brick that is gone is noticed
within seconds all the same, because the channel is kept alive by pings."""

TEXT_SECONDS_MAX = 60 * 60.0
"""Deadline of a call that works on text, waiting for memory included."""

STALL_SECONDS_MAX = 15 * 60.0
"""A brick that says nothing for so long, neither a wait nor a result, hangs: the attempt
fails. Nothing that bricks do between two messages takes a third of it."""

RequestT = TypeVar("RequestT", bound=Message)
AnswerT = TypeVar("AnswerT", bound=Message)


async def results(
    run: StageRun, brick: str, call: "grpc.aio.UnaryStreamCall[RequestT, AnswerT]"
) -> AsyncGenerator[AnswerT, None]:
    """Yield the results of a working stream and note the rest with the run.

    The call is cancelled when the reader leaves.

    Args:
        run: who reads.
        brick: who answers.
        call: the stream.

    Raises:
        BrickworkError: what the brick says, BRICK_UNREACHABLE when it is gone, or
            DEADLINE_EXCEEDED when it hangs.
    """
    notes: dict[str, Callable[[Any], None]] = {
        "waiting": run.waiting,
        "started": run.started,
        "progress": run.progress,
    }
    try:
        with rpc_errors(brick):
            while (answer := await _next(call)) is not None:
                kind = str(answer.WhichOneof("event"))
                if kind in notes:
                    notes[kind](getattr(answer, kind))
                else:
                    yield answer
    finally:
        call.cancel()


async def _next(call: "grpc.aio.UnaryStreamCall[RequestT, AnswerT]") -> AnswerT | None:
    try:
        async with asyncio.timeout(STALL_SECONDS_MAX):
            answer = await call.read()
    except TimeoutError:
        raise DeadlineExceeded(
            Reason.DEADLINE_EXCEEDED, "The brick said nothing for too long."
        ) from None
    return None if answer is grpc.aio.EOF else cast(AnswerT, answer)
