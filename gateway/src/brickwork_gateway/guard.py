"""Only programs on this machine may come in, and no page of another site."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from brickwork_gateway.problem import problem_response
from brickwork_sdk.errors import Denied, Reason

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class LoopbackGuard:
    """Refuses requests under another host's name, or from another site's page.

    Listening on loopback alone does not keep a browser out: a page anywhere may send
    a form to 127.0.0.1, or have its own name point there (DNS rebinding).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and not _is_welcome(Headers(scope=scope)):
            error = Denied(
                Reason.ORIGIN_REFUSED,
                "Only requests to localhost are served, and none from pages of other sites.",
            )
            await problem_response(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_welcome(headers: Headers) -> bool:
    if not _is_loopback(f"//{headers.get('host', '')}"):
        return False
    return "origin" not in headers or _is_loopback(headers["origin"])


def _is_loopback(address: str) -> bool:
    try:
        return urlsplit(address).hostname in _LOOPBACK
    except ValueError:
        return False
