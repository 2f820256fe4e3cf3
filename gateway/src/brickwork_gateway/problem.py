"""Errors as problem+json: the one mapper from our catalogue to HTTP.

Source: RFC 9457; the mapping of codes is that of Google's API design guide.
"""

import logging
import math
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from brickwork_sdk.errors import BrickworkError, Code, EngineFailed, InvalidInput, NotFound, Reason
from brickwork_sdk.telemetry.span import trace_id

_log = logging.getLogger(__name__)
_DOMAIN = "gateway.brickwork"
_HTTP_STATUS = {
    Code.INVALID_ARGUMENT: 400,
    Code.FAILED_PRECONDITION: 400,
    Code.PERMISSION_DENIED: 403,
    Code.NOT_FOUND: 404,
    Code.ABORTED: 409,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.CANCELLED: 499,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DEADLINE_EXCEEDED: 504,
}


def problem(error: BrickworkError) -> dict[str, Any]:
    """Render an error as the members of a problem document."""
    trace = trace_id()
    return {
        "type": f"urn:brickwork:error:{error.reason}",
        "title": error.reason.replace("_", " ").capitalize(),
        "status": _HTTP_STATUS[error.code],
        "detail": error.message,
        "reason": error.reason,
        "domain": error.domain or _DOMAIN,
        "metadata": error.metadata,
        **({"instance": f"urn:brickwork:trace:{trace}"} if trace else {}),
        **(
            {"retry_after_seconds": error.retry_after_seconds}
            if error.retry_after_seconds is not None
            else {}
        ),
    }


def problem_response(error: BrickworkError, status: int | None = None) -> JSONResponse:
    """Answer with an error; `status` overrides the one that its class has."""
    body = problem(error)
    if status is not None:
        body["status"] = status
    headers = {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after_seconds))
    return JSONResponse(
        body, body["status"], headers=headers, media_type="application/problem+json"
    )


def add_problem_handlers(app: FastAPI) -> None:
    """Let whatever goes wrong in the app end in a problem document."""

    async def ours(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, BrickworkError)
        return problem_response(error)

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        field = str(first["loc"][-1])
        return problem_response(
            InvalidInput(
                Reason.ARGUMENT_INVALID,
                f"The parameter {field} is wrong: {first['msg']}.",
                metadata={"field": field},
            )
        )

    async def unserved(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return problem_response(
            NotFound(Reason.ROUTE_UNKNOWN, "No such address is served, or not with this method."),
            error.status_code,
        )

    async def unexpected(_: Request, error: Exception) -> JSONResponse:
        _log.error("request_failed", exc_info=error)
        return problem_response(
            EngineFailed(Reason.UNEXPECTED, "The gateway failed; its log has the details.")
        )

    app.add_exception_handler(BrickworkError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, unserved)
    app.add_exception_handler(Exception, unexpected)
