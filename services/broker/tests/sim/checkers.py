"""One checker per promise; each looks at the truth of the world, not at the ledger's opinion."""

from collections.abc import Iterable
from dataclasses import dataclass

from brickwork_broker.core.commands import Command, ConfirmGone, Observe
from brickwork_broker.core.events import (
    AskedBack,
    Event,
    Evidence,
    Granted,
    Overcommitted,
    Released,
    Shrunk,
    UsersBound,
    Yield,
)
from brickwork_broker.core.ledger import Ledger
from brickwork_broker.core.request import Process
from brickwork_broker.core.token import TokenState
from services.broker.tests.sim.log import Log
from services.broker.tests.sim.room import ToldRoom
from services.broker.tests.sim.story import Story, Told
from services.broker.tests.sim.turns import Turns
from services.broker.tests.sim.world import CAPACITY_BYTES, World

PROMISES = ("S1a", "S1b", "S1c", "S2", "S3", "S4", "S7", "L1", "L2", "L3", "L4")

RECLAIM_MS = 10_000
GRACE_MS = {Yield.EVICT: 10_000, Yield.SHRINK: 30_000, Yield.REVOKE: 30_000}
LOAD_MS = 60_000
RECOVERY_MS = 30_000
"""What is promised, written here once more on purpose."""
TURN_MS = 200_000
"""No brick works longer than that: at most five rounds of 35 s, a load of 16 s, and its end."""
TICK_MS = 7_000
"""How late time may be noticed: by a look of half a second, or one that took the longest."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken, when and how."""

    promise: str
    at_ms: int
    what: str


class Checkers:
    """Watch every decision and every step."""

    def __init__(self, world: World) -> None:
        self.violations: list[Violation] = []
        self.story = Story(self._broken)
        self._world = world
        self._room = ToldRoom()
        self._turns = Turns(self._broken)
        self._log = Log(self._broken)
        self._users: dict[str, set[Process]] = {}
        self._changed_at_ms: dict[str, int] = {}
        self._sees_since_ms = 0
        self._started_at_ms = 0
        self._granted_at_ms = 0
        self._excess_bytes = 0
        self._excess_since_ms: int | None = None

    # --- What happens around the ledger.

    def broker_started(self, ledger: Ledger) -> None:
        """See that nothing was lost (L4); the queue and what was seen do not outlive the broker."""
        now_ms = self._world.now_ms
        self._sees_since_ms = self._started_at_ms = now_ms
        self._excess_bytes, self._excess_since_ms = 0, None
        self.story.begin_again(ledger.grants(), now_ms)
        self._log.begin_again(ledger.grants())
        self._room.forget()
        self._turns.forget(self.story.charged(), now_ms)

    def nothing_was_seen(self) -> None:
        """Note that the probe was blind."""
        self._sees_since_ms = self._world.now_ms

    def power_lost(self) -> None:
        """Forget all tokens: every process that could know died with them."""
        self.story.power_lost()
        self._log.forget()

    def torn(self, events: Iterable[Event]) -> None:
        """Note that it is not known how much of this is on record."""
        self.story.torn(events)
        self._log.forget()

    # --- Each decision.

    def decided(
        self, ledger: Ledger, command: Command, events: Iterable[Event], clock_ms: int
    ) -> None:
        """Check what the broker has just decided."""
        now_ms = self._world.now_ms
        if isinstance(command, Observe):
            looked_at_ms = now_ms - (clock_ms - command.looked_at_ms)
            self._room.observe(command, looked_at_ms, self.story.charged())
        elif isinstance(command, ConfirmGone):
            self._room.confirm_gone(command)
        for event in events:
            if isinstance(event, Released):
                self._released(event)
            self.story.take(command, event, bool(ledger.closed_because), now_ms)
            self._look_at(event)
            if isinstance(event, Granted | Shrunk | Released):
                self._turns.charge(self.story.charged(), now_ms)
        self._sums(ledger)
        self._log.take(command, events)
        if isinstance(command, Observe):
            self._overcommitted(ledger)

    def _look_at(self, event: Event) -> None:
        match event:
            case Granted():
                self._granted(event)
            case UsersBound(token_id=token_id, users=users):
                self._changed_at_ms[token_id] = self._world.now_ms
                self._users.setdefault(token_id, set()).update(users)
            case Shrunk(token_id=token_id):
                token = self.story.tokens[token_id]
                self._proven(token, self.story.charged(), token.kept_at_ms)
            case AskedBack(token_id=token_id, within_ms=within_ms, how=how):
                if within_ms > GRACE_MS[how]:
                    self._broken("L3", f"{token_id} has {within_ms} ms to give back")
            case Overcommitted(excess_bytes=excess_bytes):
                self._excess_bytes = excess_bytes
            case _:
                pass

    def _granted(self, event: Granted) -> None:
        token_id, now_ms = event.request.token_id, self._world.now_ms
        self._changed_at_ms[token_id] = self._granted_at_ms = now_ms
        charged = self.story.charged()
        free_bytes = self._room.free_bytes(charged)
        if free_bytes < 0:
            self._broken("S1b", f"{token_id} was granted, and {-free_bytes} bytes are lacking")
        if self._excess_bytes:
            self._broken("S1c", f"{token_id} was granted while too much is in use")
        if event.request.loads:
            for other in charged:
                if other.is_loading and other.token_id != token_id:
                    self._broken("S4", f"{token_id} loads while {other.token_id} does")
        coming_bytes = free_bytes + sum(token.leaving_bytes(now_ms) for token in charged)
        waiting = self._that_fit(self.story.waiting())
        self._turns.check(self.story.tokens[token_id], waiting, coming_bytes, now_ms)

    def _released(self, event: Released) -> None:
        """See that the truth, or for living processes a look that is new enough, bears it out."""
        token_id = event.token_id
        named = self._users.pop(token_id, set())
        alive = sorted(user.pid for user in named if self._world.is_alive(user))
        freed = self.story.tokens.get(token_id)
        if event.evidence is Evidence.COVERED and freed is not None:
            others = [token for token in self.story.charged() if token is not freed]
            self._proven(freed, others, freed.given_back_at_ms)
        elif event.evidence in (Evidence.NEVER_USED, Evidence.USERS_GONE) and alive:
            self._broken("S2", f"{token_id} was released while pids {alive} live")

    def _proven(self, token: Told, left: list[Told], since_ms: int | None) -> None:
        """See that the tokens that are left cover what the users of one were seen to use."""
        if not token.was_used or not token.users:
            return
        if since_ms is None or not self._room.covers(token, left, since_ms):
            self._broken("S2", f"{token.token_id} gave bytes back, and no look bears it out")

    def _sums(self, ledger: Ledger) -> None:
        grants = ledger.grants()
        charged_bytes = sum(grant.granted_bytes for grant in grants)
        if charged_bytes > CAPACITY_BYTES:
            self._broken("S1a", f"{charged_bytes} are charged of {CAPACITY_BYTES}")
        if charged_bytes != ledger.charged_bytes:
            self._broken("S1a", f"the total {ledger.charged_bytes} is not the sum {charged_bytes}")
        leaving_bytes = sum(grant.leaving_bytes for grant in grants)
        if leaving_bytes != ledger.leaving_bytes:
            self._broken("S1a", f"{ledger.leaving_bytes} leave, by the rows {leaving_bytes}")
        told = {
            token.token_id: (token.state, token.charged_bytes) for token in self.story.charged()
        }
        is_so = {grant.request.token_id: (grant.state, grant.granted_bytes) for grant in grants}
        if told != is_so:
            differing = sorted(dict(set(told.items()) ^ set(is_so.items())))
            self._broken("S7", f"{differing} stand otherwise than events say")

    def _overcommitted(self, ledger: Ledger) -> None:
        """See that too much in use is told of, and that borrowers are asked for what they have."""
        now_ms = self._world.now_ms
        charged = self.story.charged()
        excess_bytes = -self._room.free_bytes(charged)
        if excess_bytes <= 0 or ledger.is_recovering:
            self._excess_since_ms = None
            return
        if not self._excess_bytes:
            self._broken("S1c", f"{excess_bytes} bytes too much are in use, and it is not told")
        if excess_bytes <= sum(token.leaving_bytes(now_ms) for token in charged):
            self._excess_since_ms = None
            return
        if self._excess_since_ms is None:
            self._excess_since_ms = now_ms
        for token in charged:
            might_ms = max(self._excess_since_ms, token.since_ms, token.loaded_at_ms)
            if _borrows(token) and might_ms <= now_ms - TICK_MS:
                self._broken("S1c", f"{token.token_id} was not asked for what it borrows")

    # --- Each step of the world.

    def step(self, is_broker_up: bool) -> None:
        """Check the world against what was told."""
        charged = self.story.charged()
        self._truth(charged)
        if is_broker_up:
            for token in charged:
                self._reclaimed(token)
                self._in_time(token)

    def _truth(self, charged: list[Told]) -> None:
        """See that whoever is honest uses no more than its tokens say."""
        lent_bytes: dict[Process, int] = {}
        for token in charged:
            for user in token.users:
                lent_bytes[user] = lent_bytes.get(user, 0) + token.charged_bytes
        honest_bytes = 0
        for process, memory_bytes in self._world.memory_bytes.items():
            if process not in self._world.dishonest:
                honest_bytes += memory_bytes
                if memory_bytes > lent_bytes.get(process, 0):
                    self._broken("S2", f"pid {process.pid} uses {memory_bytes} uncharged")
        if honest_bytes > CAPACITY_BYTES:
            self._broken("S1a", f"{honest_bytes} are really in use by those that keep the rules")

    def _reclaimed(self, token: Told) -> None:
        if token.request is None:
            return
        deaths = self._world.died_at_ms
        processes = {token.request.process, *token.users}
        if processes <= deaths.keys():
            # A late message of the dead may still change a token; it counts from then on.
            known_ms = max(self._sees_since_ms, self._changed_at_ms.get(token.token_id, 0))
            since_ms = max(known_ms, *(deaths[process] for process in processes))
            if self._world.now_ms - since_ms > RECLAIM_MS:
                self._broken("L4", f"{token.token_id} is charged 10 s after its processes ended")

    def _in_time(self, token: Told) -> None:
        """See that demands end (L3) and loads get on (S4)."""
        now_ms = self._world.now_ms
        is_asked = token.state in (TokenState.SHRINKING, TokenState.REVOKING)
        if is_asked and now_ms - token.since_ms > max(GRACE_MS.values()) + TICK_MS:
            self._broken("L3", f"{token.token_id} is still asked for memory")
        if token.state is TokenState.GRANTED and token.is_loading:
            got_on_at_ms = token.got_on_at_ms
            if got_on_at_ms is not None and now_ms - got_on_at_ms > LOAD_MS + TICK_MS:
                self._broken("S4", f"{token.token_id} has not got on loading, and may go on")

    # --- The end.

    def has_line(self) -> bool:
        """Tell whether some still wait who fit, and one after another is being served."""
        waits = bool(self._that_fit(self.story.waiting()))
        return waits and self._world.now_ms - self._granted_at_ms < TURN_MS

    def at_peace(self) -> None:
        """Check that whatever could be granted was, with no more faults (L1, S5)."""
        for token in self._that_fit(self.story.waiting()):
            self._broken("L1", f"{token.token_id} still waits")
        for token in self.story.charged():
            is_stuck = self._world.stuck in token.users or token.token_id in self.story.forgotten
            if token.state is not TokenState.GRANTED and not is_stuck:
                self._broken("L1", f"{token.token_id} is still {token.state}")

    def _that_fit(self, waiting: list[Told]) -> list[Told]:
        """Return those that could be granted beside what stays; the others have no turn."""
        stuck = (
            token
            for token in self.story.charged()
            if token.state is TokenState.QUARANTINED and not token.leaving_bytes(self._world.now_ms)
        )
        most_bytes = self._room.most_bytes(stuck)
        return [
            token
            for token in waiting
            if token.request is None or token.request.guaranteed_bytes <= most_bytes
        ]

    def end(self, ledger: Ledger) -> None:
        """Check that everything came back."""
        for token in self.story.charged():
            if token.token_id not in self.story.forgotten:
                self._broken("L1", f"{token.token_id} is still {token.state}")
        if ledger.charged_bytes and not self.story.forgotten:
            self._broken("L1", f"{ledger.charged_bytes} never came back")

    def _broken(self, promise: str, what: str) -> None:
        self.violations.append(Violation(promise, self._world.now_ms, what))
        self._world.note(f"VIOLATION {promise}: {what}")


def _borrows(token: Told) -> bool:
    request = token.request
    return (
        request is not None
        and token.state is TokenState.GRANTED
        and request.shrinkable
        and not token.is_loading
        and token.charged_bytes > request.guaranteed_bytes
    )
