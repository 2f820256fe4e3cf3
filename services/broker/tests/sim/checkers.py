"""One checker per promise; each looks at the truth of the world, not at the ledger's opinion."""

from collections.abc import Iterable
from dataclasses import dataclass

from brickwork_broker.ledger import Ledger
from brickwork_broker.messages import (
    Cancelled,
    Event,
    Granted,
    Process,
    Quarantined,
    Queued,
    Released,
    Renewed,
    UsersBound,
    WorkClass,
)
from services.broker.tests.sim.world import World

PATIENCE_MS = {
    WorkClass.INTERACTIVE: 0,
    WorkClass.BATCH: 60_000,
    WorkClass.NOTEBOOK: 300_000,
    WorkClass.BEST_EFFORT: 900_000,
}
"""How long each class may be overtaken, as promised; written here once more on purpose."""

RECLAIM_MS = 10_000


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
        self._world = world
        self._epoch_max = 0
        self._over = set[str]()
        self._users: dict[str, set[Process]] = {}
        self._asked_at_ms: dict[str, int] = {}
        self._sees_since_ms = 0
        self._changed_at_ms: dict[str, int] = {}

    def broker_started(self) -> None:
        """Forget the queue, which does not outlive the broker."""
        self._asked_at_ms.clear()
        self._sees_since_ms = self._world.now_ms

    def nothing_was_seen(self) -> None:
        """Note that the probe was blind."""
        self._sees_since_ms = self._world.now_ms

    def power_lost(self) -> None:
        """Forget which tokens are over: every process that could know died with them."""
        self._over.clear()

    def decided(self, ledger: Ledger, events: Iterable[Event]) -> None:
        """Check what the broker has just decided."""
        for event in events:
            match event:
                case Queued():
                    self._asked_at_ms[event.token_id] = self._world.now_ms
                case Granted():
                    self._granted(ledger, event)
                case Renewed():
                    if event.token_id in self._over:
                        self._broken("S3", f"{event.token_id} was renewed after its end")
                case UsersBound():
                    self._changed_at_ms[event.token_id] = self._world.now_ms
                    self._users.setdefault(event.token_id, set()).update(event.users)
                case Quarantined():
                    self._over.add(event.token_id)
                case Released():
                    self._over.add(event.token_id)
                    self._released(event)
                case Cancelled():
                    self._over.add(event.token_id)
        self._sums(ledger)

    def step(self, ledger: Ledger, capacity_bytes: int) -> None:
        """Check the world against the ledger."""
        lent_bytes: dict[Process, int] = {}
        for grant in ledger.grants():
            for user in grant.users:
                lent_bytes[user] = lent_bytes.get(user, 0) + grant.granted_bytes
        in_use_bytes = 0
        for process, memory_bytes in self._world.memory_bytes.items():
            in_use_bytes += memory_bytes
            if memory_bytes > lent_bytes.get(process, 0):
                self._broken("S2", f"pid {process.pid} uses {memory_bytes} that are not charged")
        if in_use_bytes > capacity_bytes:
            self._broken("S2", f"{in_use_bytes} are really in use")
        self._reclaimed(ledger)

    def end(self, ledger: Ledger) -> None:
        """Check that whatever could be granted was, and everything came back."""
        for waiter in ledger.waiters():
            self._broken("L1", f"{waiter.request.token_id} still waits")
        for grant in ledger.grants():
            self._broken("L1", f"{grant.request.token_id} is still {grant.state.value}")
        if ledger.charged_bytes:
            self._broken("L1", f"{ledger.charged_bytes} never came back")

    def _granted(self, ledger: Ledger, event: Granted) -> None:
        token_id = event.request.token_id
        if event.epoch <= self._epoch_max:
            self._broken("S3", f"epoch {event.epoch} came after {self._epoch_max}")
        self._epoch_max = max(self._epoch_max, event.epoch)
        self._changed_at_ms[token_id] = self._world.now_ms
        if token_id in self._over:
            self._broken("S3", f"{token_id} was granted after its end")
        asked_at_ms = self._asked_at_ms.pop(token_id)
        for waiter in ledger.waiters():
            other = waiter.request
            patience_ms = PATIENCE_MS[other.work_class]
            if self._asked_at_ms[other.token_id] + patience_ms < asked_at_ms:
                self._broken("L2", f"{token_id} overtook {other.token_id} beyond its patience")

    def _released(self, event: Released) -> None:
        alive = [user for user in self._users.pop(event.token_id, ()) if self._world.is_alive(user)]
        for user in alive:
            self._broken("S2", f"{event.token_id} was released while pid {user.pid} lives")

    def _sums(self, ledger: Ledger) -> None:
        charged_bytes = sum(grant.granted_bytes for grant in ledger.grants())
        if charged_bytes > ledger.limits.capacity_bytes:
            self._broken("S1a", f"{charged_bytes} are charged of {ledger.limits.capacity_bytes}")
        if charged_bytes != ledger.charged_bytes:
            self._broken("S1a", f"the total {ledger.charged_bytes} is not the sum {charged_bytes}")

    def _reclaimed(self, ledger: Ledger) -> None:
        deaths = self._world.died_at_ms
        for grant in ledger.grants():
            processes = (grant.request.process, *grant.users)
            if all(process in deaths for process in processes):
                token_id = grant.request.token_id
                # A late message of the dead may still change a token; it counts from then on.
                known_ms = max(self._sees_since_ms, self._changed_at_ms.get(token_id, 0))
                since_ms = max(known_ms, *(deaths[process] for process in processes))
                if self._world.now_ms - since_ms > RECLAIM_MS:
                    self._broken("L4", f"{token_id} is charged 10 s after its processes ended")

    def _broken(self, promise: str, what: str) -> None:
        self.violations.append(Violation(promise, self._world.now_ms, what))
        self._world.note(f"VIOLATION {promise}: {what}")
