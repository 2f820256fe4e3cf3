"""Plant known bugs in the broker, so that a test can demand that the simulator finds each."""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from brickwork_broker.core import holding, passing, waiting
from brickwork_broker.core.commands import Command, Observe, Override, Renew
from brickwork_broker.core.events import (
    DurableEvent,
    Event,
    Evidence,
    Quarantined,
    Released,
    Renewed,
    Shrunk,
    Suspicion,
    UsersBound,
)
from brickwork_broker.core.readings import Readings
from brickwork_broker.core.register import Register
from brickwork_broker.core.request import Process, WorkClass
from brickwork_broker.core.room import Room
from brickwork_broker.core.rows import Rows
from brickwork_broker.core.token import Grant, TokenState, Waiter
from brickwork_broker.core.waiting import Queue
from brickwork_broker.storage.book import Book
from services.broker.tests.sim.run import run

SEEDS = range(1, 41)
"""Each bug is looked for in these seeds, one after the other, until one of them shows it."""


@dataclass(frozen=True)
class Mutation:
    """A known bug, and the promises whose checkers may be the first to find it."""

    promises: tuple[str, ...]
    owner: Any
    name: str
    bug: Callable[[Any], Any]

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Put the bug in the place of the right code for a while."""
        right = getattr(self.owner, self.name)
        with mock.patch.object(self.owner, self.name, self.bug(right)):
            yield


MUTATIONS: dict[str, Mutation] = {}


def _plant(
    bug: str, owner: object, name: str, *promises: str
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Name a bug: a function that makes the wrong code out of the right one."""

    def keep(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
        MUTATIONS[bug] = Mutation(promises, owner, name, make)
        return make

    return keep


# --- What frees memory.


@_plant("quarantine skipped", holding, "release_if_proven", "S2")
def _release_without_evidence(right: Any) -> Any:
    def release(register: Register, token_id: str) -> None:
        if register.rows.grants[token_id].suspicion is Suspicion.RELEASED_BY_HOLDER:
            register.record(Released(token_id, Evidence.USERS_GONE))
        else:
            right(register, token_id)

    return release


@_plant("expiry frees at once", holding, "release_if_proven", "S2")
def _free_what_expires(right: Any) -> Any:
    def release(register: Register, token_id: str) -> None:
        if register.rows.grants[token_id].suspicion is Suspicion.EXPIRED:
            register.record(Released(token_id, Evidence.USERS_GONE))
        else:
            right(register, token_id)

    return release


@_plant("dead holder taken as dead engine", holding, "release_if_proven", "S2", "S1b")
def _trust_the_holder(right: Any) -> Any:
    def release(register: Register, token_id: str) -> None:
        if register.rows.grants[token_id].suspicion is Suspicion.HOLDER_GONE:
            register.record(Released(token_id, Evidence.USERS_GONE))
        else:
            right(register, token_id)

    return release


@_plant("old engine forgotten at renewal", Rows, "fold", "S2")
def _forget_the_dying(right: Any) -> Any:
    def fold(self: Rows, event: DurableEvent, now_ms: int) -> None:
        if isinstance(event, UsersBound):
            event = UsersBound(event.token_id, event.users[-1:])
        right(self, event, now_ms)

    return fold


@_plant("shrink believed by word alone", Readings, "of", "S2")
def _read_nothing(right: Any) -> Any:
    return lambda self, grant: 0


@_plant("stale probe believed", Readings, "take", "S2")
def _take_as_new(right: Any) -> Any:
    def take(self: Readings, observed: Observe, grants: Iterable[Grant]) -> None:
        right(self, replace(observed, looked_at_ms=2**60), grants)

    return take


@_plant("override unrecorded", holding, "override", "S7")
def _override_in_silence(right: Any) -> Any:
    def override(register: Register, command: Override) -> None:
        row = register.find(command.token_id)
        if isinstance(row, Grant) and not row.is_alive:
            register.record(Released(command.token_id, Evidence.OVERRIDE))

    return override


@_plant("bytes of an override lent again although they are in use", Register, "free_bytes", "S1b")
def _compare_later(right: Any) -> Any:
    def free_bytes(self: Register) -> int:
        self._is_compared = True
        return int(right.fget(self))

    return property(free_bytes)


# --- Epochs and ids.


@_plant("epoch reused after restart", Room, "__init__", "S3")
def _reuse_epochs(right: Any) -> Any:
    def init(self: Room, register: Register) -> None:
        right(self, register)
        epochs = (grant.epoch for grant in register.rows.grants.values())
        self._epoch_next = max(epochs, default=0) + 1

    return init


@_plant("late renew revives", holding, "renew", "S3", "S7")
def _revive(right: Any) -> Any:
    def renew(register: Register, command: Renew) -> None:
        grant = register.rows.grants.get(command.token_id)
        if grant is not None and grant.suspicion is Suspicion.EXPIRED:
            register.rows.change(
                command.token_id,
                state=TokenState.GRANTED,
                suspicion=None,
                expires_at_ms=register.now_ms + grant.request.renew_within_ms,
            )
            register.say(Renewed(command.token_id))
        else:
            right(register, command)

    return renew


@_plant("forged epoch renews", holding, "_of_epoch", "S3", "S7")
def _ask_for_no_epoch(right: Any) -> Any:
    def of_epoch(register: Register, token_id: str, epoch: int) -> Grant | None:
        row = register.find(token_id)
        if isinstance(row, Grant):
            return row
        found: Grant | None = right(register, token_id, epoch)
        return found

    return of_epoch


@_plant("ended ids forgotten", Rows, "_remember", "S3", "S7")
def _forget_the_ended(right: Any) -> Any:
    return lambda self, token_id, state: None


@_plant("journal not written", Book, "apply", "L4", "S2", "S3")
def _forget_the_journal(right: Any) -> Any:
    def apply(self: Book, command: Command, now_ms: int) -> tuple[Event, ...]:
        return self.ledger.apply(command, now_ms)

    return apply


@_plant("end of a token not told", Register, "record", "S7")
def _say_nothing_of_the_end(right: Any) -> Any:
    def record(self: Register, event: DurableEvent) -> None:
        right(self, event)
        if isinstance(event, Quarantined) and event.suspicion is Suspicion.EXPIRED:
            self.events.remove(event)

    return record


# --- Sums.


@_plant("release counted twice", Rows, "fold", "S1a", "S1b")
def _count_release_twice(right: Any) -> Any:
    def fold(self: Rows, event: DurableEvent, now_ms: int) -> None:
        grant = self.grants.get(event.token_id) if isinstance(event, Released) else None
        right(self, event, now_ms)
        if grant is not None:
            self.charged_bytes -= grant.granted_bytes

    return fold


@_plant("a total drifts from its rows", Rows, "fold", "S1a", "S1b")
def _shrink_by_a_byte_more(right: Any) -> Any:
    def fold(self: Rows, event: DurableEvent, now_ms: int) -> None:
        right(self, event, now_ms)
        self.charged_bytes -= isinstance(event, Shrunk)

    return fold


@_plant("more granted than is free", Room, "_may_have", "assertion", "S1a")
def _grant_more_than_is_free(right: Any) -> Any:
    return lambda self, waiter, free_bytes: right(self, waiter, free_bytes + 200)


@_plant("foreign use forgotten", Readings, "compare", "S1b", "S1c")
def _forget_strangers(right: Any) -> Any:
    def compare(self: Readings, grants: Iterable[Grant]) -> None:
        right(self, grants)
        self.foreign_bytes = 0

    return compare


@_plant("silent probe takes all back", Readings, "take", "S1b")
def _forget_in_silence(right: Any) -> Any:
    def take(self: Readings, observed: Observe, grants: Iterable[Grant]) -> None:
        if observed.used_bytes is None:
            self._others_bytes, self._by_process = 0, dict[Process, int]()
        right(self, observed, grants)

    return take


@_plant("too much in use is not told", Room, "observe", "S1c")
def _alarm_nobody(right: Any) -> Any:
    def observe(self: Room, observed: Observe) -> None:
        right(self, observed)
        self._register.excess_bytes = 0
        self._register.events = [
            event for event in self._register.events if not hasattr(event, "excess_bytes")
        ]

    return observe


# --- Turns.


@_plant("head overtaken for ever", Queue, "head", "L2")
def _smallest_first(right: Any) -> Any:
    def head(self: Queue, now_ms: int, most_bytes: int | None = None) -> Waiter | None:
        return min(self, key=lambda waiter: waiter.request.guaranteed_bytes, default=None)

    return head


@_plant("ageing forgotten", waiting, "PATIENCE_MS", "L2")
def _lose_patience(right: Any) -> Any:
    return {**right, WorkClass.BATCH: 10**9, WorkClass.NOTEBOOK: 10**9}


@_plant("fair shares forgotten", Queue, "_turn", "L2")
def _first_come_first_served(right: Any) -> Any:
    return lambda self, waiter, now_ms: (1, 0.0, waiter.order)


@_plant("late comers of a ripe class go first", waiting, "_class_on_turn", "L2")
def _let_all_of_a_class_go(right: Any) -> Any:
    return lambda ripe_ms: (right(ripe_ms)[0], waiting.NEVER_MS)


@_plant("backfill delays the head", Room, "_fill_behind", "L2")
def _fill_with_all_that_is_free(right: Any) -> Any:
    def fill_behind(self: Room, head: Waiter) -> None:
        for waiter in self._register.queue.in_turn(self._register.now_ms):
            if waiter is not head and self._may_have(waiter, self._register.free_bytes):
                self._grant(waiter, self._register.free_bytes)

    return fill_behind


@_plant("two loads at once", Room, "_may_have", "S4")
def _load_side_by_side(right: Any) -> Any:
    def may_have(self: Room, waiter: Waiter, free_bytes: int) -> bool:
        with mock.patch.object(self._register, "loading", ""):
            return bool(right(self, waiter, free_bytes))

    return may_have


# --- What ends.


@_plant("load that hangs is left alone", passing, "_hangs", "S4")
def _let_loads_hang(right: Any) -> Any:
    return lambda register, grant: False


@_plant("grace never ends", passing, "_let_time_pass_for", "L3")
def _be_patient_for_ever(right: Any) -> Any:
    def let_time_pass_for(register: Register, room: Room, grant: Grant) -> None:
        if grant.demand is None or grant.expires_at_ms <= register.now_ms:
            right(register, room, grant)

    return let_time_pass_for


@_plant("nobody is asked for room", Room, "_ask", "L1", "S1c")
def _ask_nobody(right: Any) -> Any:
    return lambda self, yielding, cause, for_token: None


@_plant("what is stuck is waited for", passing, "CLEARING_MS_MAX", "L1", "L2")
def _wait_for_the_stuck(right: Any) -> Any:
    return 10**9


@_plant("recovery never ends", Register, "record", "L1")
def _recover_for_ever(right: Any) -> Any:
    def record(self: Register, event: DurableEvent) -> None:
        right(self, event)
        if isinstance(event, Quarantined):
            self.detached.add(event.token_id)

    return record


def finder_of(bug: str) -> tuple[str, int]:
    """Return the promise whose checker finds a bug first, and in which seed; empty and 0 if none.

    A fault that only a checker of another promise notices counts as not found.
    """
    mutation = MUTATIONS[bug]
    with mutation.planted():
        for seed in SEEDS:
            violations = run(seed).violations
            if violations:
                promise = violations[0].promise
                return (promise, seed) if promise in mutation.promises else ("", seed)
    return "", 0


def main() -> int:
    """Plant one bug after the other and print a line for each; 1 if one was not found."""
    logging.disable()  # that the simulated disk is full is no news here
    missed = 0
    for bug in MUTATIONS:
        promise, seed = finder_of(bug)
        missed += not promise
        said = f"found     by {promise}, seed {seed}" if promise else "NOT FOUND"
        sys.stdout.write(f"{bug:<60} {said}\n")
    sys.stdout.write(f"{len(MUTATIONS) - missed} of {len(MUTATIONS)} bugs found\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
