"""Play a soak on the ledger of the broker in virtual time: fast, and the same each time."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass

from brickwork_broker.core.commands import Acquire, Command, ConfirmGone, Observe, Release, Renew
from brickwork_broker.core.events import Granted
from brickwork_broker.core.forecast import Forecast
from brickwork_broker.core.ledger import Ledger, Limits
from brickwork_broker.core.request import Process, TokenRequest
from brickwork_broker.core.token import Grant, Waiter
from tools.soak.figures import Course
from tools.soak.load import Load

STEP_MS = 1_000
"""A job looks between two steps whether it is asked for anything, and is renewed then."""
POLL_MS, LISTEN_MS = 20_000, 30_000
LOOK_MS = 500
DEATH_MS = 300
"""How long after its end the death of a process is seen."""
QUESTION_MS = 1_000
"""After so long in the queue somebody asks how long it will take."""


Policy = Callable[[Load], list[Course]]


@dataclass
class _Run:
    """One token of a job: its first, or the next one after it gave way."""

    course: Course
    request: TokenRequest
    load_left_ms: int
    work_left_ms: int
    asked_at_ms: int
    epoch: int = 0
    counted_ms: int = 0
    kept_bytes: int = 0
    told: tuple[int, int, int] | None = None

    @property
    def user(self) -> Process:
        """The process that uses the memory."""
        return Process("soak", self.request.process.pid + 1_000_000 * self.course.gave_way, 2)


class _Play:
    """The ledger, its holders, and the clock of both."""

    def __init__(self, load: Load) -> None:
        self._load = load
        count = len(load.jobs)
        self._ledger = Ledger(Limits(load.capacity_bytes, count, count))
        self._forecast = Forecast()
        self._now_ms = 0
        self._sequence = 0
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._runs: dict[str, _Run] = {}
        self._left = count
        self.courses = [Course(job) for job in load.jobs]
        for course in self.courses:
            self._after(course.job.asked_at_ms, self._asker(course))
        self._after(LOOK_MS, self._look)

    def run(self) -> None:
        """Play until every job is done."""
        while self._left:
            self._now_ms, _, act = heapq.heappop(self._due)
            act()
            assert self._ledger.charged_bytes <= self._load.capacity_bytes, "over-granted"

    def _after(self, delay_ms: int, act: Callable[[], None]) -> None:
        self._sequence += 1
        heapq.heappush(self._due, (self._now_ms + delay_ms, self._sequence, act))

    def _say(self, command: Command) -> None:
        events = self._ledger.apply(command, self._now_ms)
        self._forecast.note(command, events, self._now_ms)
        for event in events:
            if isinstance(event, Granted):
                self._begin(self._runs[event.request.token_id], event)

    def _asker(self, course: Course) -> Callable[[], None]:
        return lambda: self._ask(course, course.job.work_ms)

    def _ask(self, course: Course, work_left_ms: int) -> None:
        job = course.job
        request = TokenRequest(
            token_id=f"soak-{job.number:06}-{course.gave_way}",
            holder=job.kind,
            purpose="soak",
            guaranteed_bytes=job.guaranteed_bytes,
            ceiling_bytes=job.size_bytes,
            work_class=job.work_class,
            tenant=job.tenant,
            renew_within_ms=5_000,
            process=Process("soak", 1 + job.number, 1),
            hold_ms=job.work_ms if job.is_held else None,
            shrinkable=job.guaranteed_bytes < job.size_bytes,
            revocable=job.is_revocable,
            loads=job.load_ms > 0,
        )
        run = _Run(course, request, job.load_ms, work_left_ms, self._now_ms)
        self._runs[request.token_id] = run
        self._poll(run)
        self._after(QUESTION_MS, lambda: self._question(run))

    def _poll(self, run: _Run) -> None:
        if run.epoch == 0:
            self._say(Acquire(run.request, LISTEN_MS))
            self._after(POLL_MS, lambda: self._poll(run))

    def _question(self, run: _Run) -> None:
        token_id = run.request.token_id
        if isinstance(self._ledger.find(token_id), Waiter):
            told = self._forecast.expected(self._ledger, token_id, self._now_ms)
            if told is not None:
                run.told = (*told, self._now_ms)

    def _begin(self, run: _Run, granted: Granted) -> None:
        course = run.course
        run.epoch, run.counted_ms = granted.epoch, self._now_ms
        if course.waited_ms is None:
            course.waited_ms = self._now_ms - course.job.asked_at_ms
        if run.told is not None:
            low_ms, high_ms, told_at_ms = run.told
            course.forecasts.append((low_ms, high_ms, self._now_ms - told_at_ms))
        course.loads += run.load_left_ms > 0
        self._after(0, lambda: self._step(run, 0))

    def _step(self, run: _Run, worked_ms: int) -> None:
        """Let a step end: tell the broker, and see what it wants."""
        self._count(run)
        load_ms = min(run.load_left_ms, worked_ms)
        run.load_left_ms -= load_ms
        run.work_left_ms -= worked_ms - load_ms
        if run.work_left_ms <= 0:
            self._end(run)
            return
        renewal = Renew(
            run.request.token_id,
            run.epoch,
            (run.user,),
            is_loading=run.load_left_ms > 0,
            load_progress=run.course.job.load_ms - run.load_left_ms,
            kept_bytes=run.kept_bytes,
        )
        self._say(renewal)
        grant = self._ledger.find(run.request.token_id)
        assert isinstance(grant, Grant), "a token that is renewed is held"
        if grant.demand is not None and grant.demand.keep_bytes == 0 and run.load_left_ms <= 0:
            self._end(run)
            return
        if grant.demand is not None:
            run.kept_bytes = grant.demand.keep_bytes
        next_ms = min(STEP_MS, run.load_left_ms or STEP_MS, run.load_left_ms + run.work_left_ms)
        self._after(next_ms, lambda: self._step(run, next_ms))

    def _end(self, run: _Run) -> None:
        """Give the memory back; work that is left asks for it again."""
        token_id, user = run.request.token_id, run.user
        self._say(Release(token_id, run.epoch))

        def die() -> None:
            self._count(run)
            del self._runs[token_id]
            self._say(ConfirmGone(user))

        self._after(DEATH_MS, die)
        if run.work_left_ms > 0:
            run.course.gave_way += 1
            self._after(0, lambda: self._ask(run.course, run.work_left_ms))
        else:
            run.course.is_done = True
            self._left -= 1

    def _count(self, run: _Run) -> None:
        """Add what a job has had since it was counted last, as long as jobs were asking."""
        grant = self._ledger.find(run.request.token_id)
        until_ms = min(self._now_ms, self._load.span_ms)
        if isinstance(grant, Grant) and until_ms > run.counted_ms:
            run.course.had += grant.granted_bytes * (until_ms - run.counted_ms)
        run.counted_ms = self._now_ms

    def _look(self) -> None:
        readings = {}
        for grant in self._ledger.grants():
            run = self._runs[grant.request.token_id]
            if grant.users:
                readings[run.user] = run.kept_bytes or grant.granted_bytes
        total_bytes = 2 * self._load.capacity_bytes
        observed = Observe(self._now_ms, total_bytes, sum(readings.values()), readings)
        self._say(observed)
        self._after(LOOK_MS, self._look)


def lent(load: Load) -> list[Course]:
    """Play a load under the broker's own rules until every job is done."""
    play = _Play(load)
    play.run()
    return play.courses
