"""Whether an engine process lives and works, as far as its brick can see.

Two signs are looked at, because neither is enough. A process that answers pings has a Python that
runs, but native code may hold the interpreter for minutes of honest work; a process that uses
processor time is not frozen, but one that waits for work uses none. Looks are counted and no clock
is read: a brick that was frozen itself must not take its own absence for that of its engine.
"""

from dataclasses import dataclass

LOOK_EVERY_SECONDS = 2.0
FROZEN_LOOKS_MAX = 10
"""A process that for so many looks neither answers nor uses processor time is frozen: 20 s."""
HUNG_LOOKS_MAX = 30
"""One that owes a result for so many looks and does next to nothing for it hangs: a minute."""
WORK_SECONDS_MIN = 0.1
"""Processor time that is next to nothing: all pings of a minute need a tenth of it."""


@dataclass(frozen=True)
class Sign:
    """What one look at the process shows.

    Attributes:
        is_answering: whether it answered a ping since the look before.
        is_owing: whether somebody waits for it: a call that reads, or the load of its model.
        message_count: events, ends and errors that it has sent so far.
        cpu_seconds: processor time that it has used so far, over all its threads.
    """

    is_answering: bool
    is_owing: bool
    message_count: int
    cpu_seconds: float


class Pulse:
    """Judges one process from look to look."""

    def __init__(self) -> None:
        self._before = Sign(True, False, 0, 0.0)
        self._working = self._before
        self._silent_looks = 0
        self._idle_looks = 0

    def is_lost(self, sign: Sign) -> bool:
        """Take in a look; tell whether the process is frozen or hangs."""
        is_alive = sign.is_answering or sign.cpu_seconds > self._before.cpu_seconds
        self._silent_looks = 0 if is_alive else self._silent_looks + 1
        is_working = (
            not sign.is_owing
            or sign.message_count > self._working.message_count
            or sign.cpu_seconds - self._working.cpu_seconds >= WORK_SECONDS_MIN
        )
        self._idle_looks = 0 if is_working else self._idle_looks + 1
        self._before = sign
        if is_working:
            self._working = sign
        return self._silent_looks >= FROZEN_LOOKS_MAX or self._idle_looks >= HUNG_LOOKS_MAX
