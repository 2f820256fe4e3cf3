"""A span for every request, in the trace that its caller names, and what is counted of it."""

import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brickwork_gateway.metrics import HTTP_SECONDS, HTTP_TOTAL
from brickwork_sdk.telemetry.span import SpanKind, span

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNTRACED = "/v1/health"
"""Polled all the time, and it answers for itself."""


class RequestSpan:
    """Traces and measures requests by their route.

    Those of FastAPI and of OpenTelemetry for ASGI note the whole address, and in ours stands the
    name of a file.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on inside of a span."""
        if scope["type"] != "http" or scope["path"].startswith(_UNTRACED):
            await self._app(scope, receive, send)
            return
        status = 500  # what the server answers when the application does not

        async def note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        began = time.monotonic()
        method = scope["method"] if scope["method"] in _METHODS else "other"
        parent = Headers(scope=scope).get("traceparent", "")
        with span(method, SpanKind.SERVER, parent=parent) as made:
            try:
                await self._app(scope, receive, note)
            finally:
                route = _route(scope)
                made.update_name(f"{method} {route}")
                made.set_attributes(
                    {
                        "http.request.method": method,
                        "http.route": route,
                        "http.response.status_code": status,
                    }
                )
                HTTP_SECONDS.labels(method, route).observe(time.monotonic() - began)
                HTTP_TOTAL.labels(method, route, str(status)).inc()


def _route(scope: Scope) -> str:
    """Return the pattern of the address, never the address itself, which names a job."""
    return str(getattr(scope.get("route"), "path", "unknown"))
