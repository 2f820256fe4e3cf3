"""The gateway's HTTP API as the handle uses it."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from brickwork_sdk.errors import BrickworkError, Busy, Code, EngineFailed, Reason, error_of

_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS_MAX = 60.0
"""The gateway sends a heartbeat far more often than this."""
_UPLOAD_BLOCK_BYTES = 1024 * 1024
_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Between tries to follow a job again: a gateway that died is back before the last of them."""

_CODES = {
    400: Code.INVALID_ARGUMENT,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    409: Code.ABORTED,
    429: Code.RESOURCE_EXHAUSTED,
    499: Code.CANCELLED,
    503: Code.UNAVAILABLE,
    504: Code.DEADLINE_EXCEEDED,
}

Body = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One event of a job: `kind` is job, stage, segment, slide or translation."""

    kind: str
    body: Body


class GatewayClient:
    """Creates jobs, follows them and fetches what they made.

    Every method raises the BrickworkError that the gateway answers, or Busy with
    BRICK_UNREACHABLE when nobody answers.
    """

    def __init__(self, base_address: str) -> None:
        timeout = httpx.Timeout(_SILENCE_SECONDS_MAX, connect=_CONNECT_SECONDS)
        # The mesh is on this machine: a proxy of the environment must not see recordings.
        self._http = httpx.Client(base_url=base_address, timeout=timeout, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def create_job(self, recording: Path, parameters: Mapping[str, str | Sequence[str]]) -> Body:
        """Upload a recording as a stream and return the job; parameters may have several values."""
        # A name need not be text on Linux; it is one in an address.
        name = os.fsencode(recording.name).decode(errors="replace")
        with recording.open("rb") as content:
            return self._json(
                "POST",
                "/v1/jobs",
                params={"name": name, **parameters},
                headers={"Content-Length": str(recording.stat().st_size)},
                content=iter(lambda: content.read(_UPLOAD_BLOCK_BYTES), b""),
            )

    def job(self, job_id: str) -> Body:
        """Return a job with its stages."""
        return self._json("GET", f"/v1/jobs/{job_id}")

    def jobs(self) -> list[Body]:
        """List the jobs, the newest first."""
        return list(self._json("GET", "/v1/jobs")["jobs"])

    def cancel_job(self, job_id: str) -> None:
        """Cancel a job."""
        self._json("POST", f"/v1/jobs/{job_id}/cancel")

    def artifact_names(self, job_id: str) -> list[str]:
        """List what a job made."""
        return [
            one["name"] for one in self._json("GET", f"/v1/jobs/{job_id}/artifacts")["artifacts"]
        ]

    def artifact(self, job_id: str, name: str) -> bytes:
        """Fetch one artifact."""
        return self._answer("GET", f"/v1/jobs/{job_id}/artifacts/{name}").content

    def events(self, job_id: str, pause: Callable[[float], None] = time.sleep) -> Iterator[Event]:
        """Follow a job from its beginning to its end; a broken connection is taken up again."""
        last = ""
        pauses = iter(_PAUSES_SECONDS)
        while True:
            try:
                headers = {"Last-Event-ID": last} if last else {}
                with self._http.stream(
                    "GET", f"/v1/jobs/{job_id}/events", headers=headers
                ) as answer:
                    if answer.is_error:
                        answer.read()
                        raise _problem(answer)
                    for number, event in _parsed(answer.iter_lines()):
                        last, pauses = number, iter(_PAUSES_SECONDS)
                        yield event
                        if event.kind == "job" and event.body["state"] != "running":
                            return
            except httpx.TransportError as error:
                seconds = next(pauses, None)
                if seconds is None:
                    raise _unreachable() from error
                pause(seconds)

    def _json(self, method: str, path: str, **arguments: Any) -> Body:
        body: Body = self._answer(method, path, **arguments).json()
        return body

    def _answer(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **arguments)
        except httpx.TransportError as error:
            raise _unreachable() from error
        if answer.is_error:
            raise _problem(answer)
        return answer


def _parsed(lines: Iterator[str]) -> Iterator[tuple[str, Event]]:
    """Read server-sent events. Source: WHATWG HTML, section 9.2.6, interpreting an event stream."""
    fields: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            # Data may come on several lines.
            fields[name] = (
                f"{fields[name]}\n{value}" if name == "data" and name in fields else value
            )
        elif not line and "data" in fields:
            event = Event(fields.get("event", "message"), json.loads(fields["data"]))
            yield fields.get("id", ""), event
            fields = {}


def _problem(answer: httpx.Response) -> BrickworkError:
    try:
        problem = answer.json()
        code = _CODES.get(answer.status_code, Code.INTERNAL)
        metadata = {key: str(value) for key, value in problem.get("metadata", {}).items()}
        return error_of(code, problem["reason"], problem["detail"], metadata)
    except (ValueError, KeyError):
        return EngineFailed(
            Reason.UNEXPECTED, f"The gateway answered {answer.status_code} without a reason."
        )


def _unreachable() -> Busy:
    return Busy(Reason.BRICK_UNREACHABLE, "The gateway does not answer.", retry_after_seconds=5.0)
