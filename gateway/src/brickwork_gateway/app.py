"""The HTTP application: routes, the guard before them and the dispatcher behind them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from brickwork_gateway.door import Door
from brickwork_gateway.guard import LoopbackGuard
from brickwork_gateway.jobs.dispatcher import Dispatcher
from brickwork_gateway.problem import add_problem_handlers
from brickwork_gateway.request_span import RequestSpan
from brickwork_gateway.routes import artifacts, events, gpu, health, jobs

TURN_SECONDS = 0.2
"""How often the dispatcher looks at the ledger."""


def make_app(door: Door, dispatcher: Dispatcher | None = None) -> FastAPI:
    """Make the application; without a dispatcher jobs are kept but not worked on."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if dispatcher is None:
            yield
            return
        turns = asyncio.create_task(dispatcher.run(TURN_SECONDS))
        yield
        turns.cancel()
        with suppress(asyncio.CancelledError):
            await turns

    app = FastAPI(
        title="Brickwork",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # Its own spans hold whole addresses, and so names of files; RequestSpan makes ours.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.door = door
    app.add_middleware(LoopbackGuard)
    app.add_middleware(RequestSpan)  # the outermost: refusals are told of, too
    add_problem_handlers(app)
    for noun in (jobs, events, artifacts, gpu, health):
        app.include_router(noun.router)
    return app
