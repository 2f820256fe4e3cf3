"""One call on its way to a model: spans for its waits and its work, and what is counted of it."""

import time

from brickwork_sdk.engine.work import EngineWork
from brickwork_sdk.telemetry.metrics import ENGINE_SECONDS, FIRST_ANSWER_SECONDS
from brickwork_sdk.telemetry.span import Value, current, past_span

LEASE_WAIT = "lease.wait"
MODEL_LOAD = "model.load"


class CallMeter:
    """Measures one call; made when it asks, in the trace that it belongs to."""

    def __init__(self, model: str, size_bytes: int, work_class: str) -> None:
        self._model = model
        self._about: dict[str, Value] = {"lease.class": work_class, "lease.size_bytes": size_bytes}
        self._parent = current()
        self._began = time.monotonic()
        self._wait = ""
        self._since = self._began
        self._has_answer = False

    def waits(self, wait: str) -> None:
        """Note what the call waits for from now on: LEASE_WAIT or MODEL_LOAD."""
        if wait != self._wait:
            self.ends_waiting()
            self._wait, self._since = wait, time.monotonic()

    def ends_waiting(self) -> None:
        """Note that the call waits no longer: it enters, is refused or leaves."""
        if self._wait:
            about = {"brickwork.model": self._model, **self._about}
            past_span(self._wait, self._since, time.monotonic(), self._parent, about)
            self._wait = ""

    def answers(self) -> None:
        """Note an answer of the engine."""
        if not self._has_answer:
            self._has_answer = True
            FIRST_ANSWER_SECONDS.labels(self._model).observe(time.monotonic() - self._began)

    def works(self, method: str, pid: int, work: EngineWork) -> None:
        """Note what the engine process tells of its work."""
        ENGINE_SECONDS.labels(self._model).inc(work.busy_seconds)
        about: dict[str, Value] = {
            "brickwork.model": self._model,
            "engine.busy_seconds": round(work.busy_seconds, 6),
            "engine.step_count": work.step_count,
            "process.pid": pid,
        }
        name = f"engine {method}"
        past_span(name, work.began_seconds, work.ended_seconds, self._parent, about)
