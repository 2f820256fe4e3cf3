"""Memory as server-sent events, for as long as somebody reads them."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from brickwork_gateway.memory import Memory
from brickwork_gateway.problem import problem
from brickwork_sdk.errors import BrickworkError

AGAIN_SECONDS = 2.0
"""When a broker that was away is asked again; it is started anew within a second."""


async def memory_stream(
    memory: Memory, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> AsyncGenerator[str, None]:
    """Yield how memory stands, whenever it changes and at least every five seconds.

    While the broker is away, the reader hears so and why, and the stream goes on.
    """
    while True:
        try:
            async with aclosing(memory.views()) as views:
                async for view in views:
                    yield _frame("memory", view)
        except BrickworkError as error:
            yield _frame("problem", problem(error))
        await pause(AGAIN_SECONDS)


def _frame(kind: str, body: object) -> str:
    return f"event: {kind}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n"
