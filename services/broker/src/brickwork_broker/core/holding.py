"""Memory that is held: kept alive, given back, over, and proven free."""

from typing import Any

from brickwork_broker.core import admission
from brickwork_broker.core.commands import Override, Release, Renew
from brickwork_broker.core.events import (
    Cancelled,
    Evidence,
    Overridden,
    Quarantined,
    Refusal,
    Released,
    Renewed,
    Shrunk,
    Suspicion,
    UserGone,
    UsersBound,
)
from brickwork_broker.core.register import Register
from brickwork_broker.core.request import Process
from brickwork_broker.core.token import Grant, TokenState

LOAD_MS_MAX = 60_000
"""How long a load may go without getting on; each step of it begins this anew."""


def renew(register: Register, command: Renew) -> None:
    """Let a grant live on, and take in what its holder does with it."""
    token_id = command.token_id
    grant = _of_epoch(register, token_id, command.epoch)
    if grant is None:
        return
    users = tuple(dict.fromkeys((*grant.users, *command.users)))
    fault = admission.find_fault_of_renewal(command, users)
    if fault is not None:
        register.refuse(token_id, Refusal.REQUEST_INVALID, fault.message, fault.field)
    elif not grant.is_alive:
        register.refuse(token_id, Refusal.STALE, f"The token is {grant.state.value}.")
    else:
        register.rows.change(token_id, **_renewed(register, grant, command))
        register.came_back(token_id)
        register.due_by(register.rows.grants[token_id].expires_at_ms)
        register.say(Renewed(token_id))
        if users != grant.users:
            register.record(UsersBound(token_id, users))
        if grant.is_loading and not command.is_loading:
            register.loaded(grant)
        elif grant.is_loading:
            register.loading = token_id
            register.due_by(register.rows.grants[token_id].load_due_ms)
        shrink_if_proven(register, token_id)


def _renewed(register: Register, grant: Grant, command: Renew) -> dict[str, Any]:
    """Return what a renewal changes in a row."""
    now_ms = register.now_ms
    changed: dict[str, Any] = {"expires_at_ms": now_ms + grant.request.renew_within_ms}
    if command.idle_ms is not None:
        idle_since_ms = now_ms - command.idle_ms
        if grant.idle_since_ms is None or idle_since_ms > grant.idle_since_ms:
            changed["idle_since_ms"] = idle_since_ms
    elif grant.request.loads:
        if grant.idle_since_ms is not None:
            register.habits.used(grant.request, now_ms)
        changed["idle_since_ms"] = None
    if command.is_loading and (
        not grant.load_due_ms or command.load_progress > grant.load_progress
    ):
        changed["load_progress"] = command.load_progress
        changed["load_due_ms"] = now_ms + LOAD_MS_MAX
    if command.work_class is not None:
        changed["work_class"] = command.work_class
    if command.kept_bytes != grant.kept_bytes:
        changed["kept_bytes"] = command.kept_bytes
        changed["kept_at_ms"] = now_ms
    return changed


def release(register: Register, command: Release) -> None:
    """Take a token back: out of the queue, or into quarantine until it is proven free."""
    token_id = command.token_id
    row = register.find(token_id)
    if isinstance(row, TokenState):
        return
    never_told = command.epoch == 0 and admission.is_token_id(token_id)
    if never_told and not isinstance(row, Grant):
        # The Acquire of an unknown id may still be on its way: its end is on record first.
        register.record(Cancelled(token_id))
    elif never_told and isinstance(row, Grant) and not row.was_used:
        end(register, row, Suspicion.RELEASED_BY_HOLDER)
    elif (grant := _of_epoch(register, token_id, command.epoch)) is not None:
        end(register, grant, Suspicion.RELEASED_BY_HOLDER)


def confirm_gone(register: Register, process: Process) -> None:
    """Take in the death of a process: it waits no more, holds no more, and uses nothing."""
    for waiter in register.queue if register.queue.count_of(process) else ():
        if waiter.request.process == process:
            register.record(Cancelled(waiter.request.token_id))
    register.readings.forget(process)
    for grant in register.rows.held_or_used_by(process):
        token_id = grant.request.token_id
        if process in grant.users:
            register.record(UserGone(token_id, process))
        if process == grant.request.process:
            end(register, grant, Suspicion.HOLDER_GONE)
        else:
            release_if_proven(register, token_id)


def override(register: Register, command: Override) -> None:
    """Take the bytes of a quarantined token for free, because an operator answers for it."""
    row = register.find(command.token_id)
    if row is None:
        register.refuse(command.token_id, Refusal.UNKNOWN, "No token has this id.")
    elif not isinstance(row, Grant) or row.is_alive:
        register.refuse(command.token_id, Refusal.STALE, "The token is not quarantined.")
    else:
        by = command.authority
        register.say(Overridden(command.token_id, by.operator, by.reason))
        register.record(Released(command.token_id, Evidence.OVERRIDE))


def end(register: Register, grant: Grant, suspicion: Suspicion) -> None:
    """Put a grant into quarantine, and free its bytes where the evidence is there already."""
    token_id = grant.request.token_id
    if grant.suspicion in (None, Suspicion.EXPIRED, Suspicion.REVOKED):
        register.record(Quarantined(token_id, suspicion))
    release_if_proven(register, token_id)


def shrink_if_proven(register: Register, token_id: str) -> None:
    """Charge less for a grant whose holder keeps to less, once the readings agree.

    A reading counts only if the look began after the holder's word. A process that uses several
    tokens may use what all the others grant besides. What a holder has said it keeps to holds on
    after it has given the token back, for a server that lives on and has freed most of its memory.
    """
    grant = register.rows.grants[token_id]
    if grant.suspicion not in (None, Suspicion.RELEASED_BY_HOLDER):
        return
    if not 0 < grant.kept_bytes < grant.granted_bytes:
        return
    if grant.was_used:
        readings = register.readings
        reading = readings.of(grant)
        if reading is None or readings.looked_at_ms < grant.kept_at_ms:
            return
        if reading > grant.kept_bytes + _granted_besides(register, grant):
            return
    register.record(Shrunk(token_id, grant.kept_bytes))
    demand = grant.demand
    if demand is not None and demand.keep_bytes > 0 and grant.kept_bytes <= demand.keep_bytes:
        register.rows.change(
            token_id, state=TokenState.GRANTED, since_ms=register.now_ms, demand=None
        )


def release_if_proven(register: Register, token_id: str) -> None:
    """Free a token that is over, once nobody is left that could use it."""
    grant = register.rows.grants[token_id]
    if grant.suspicion is None or grant.users:
        return
    if grant.was_used:
        register.record(Released(token_id, Evidence.USERS_GONE))
    elif grant.suspicion not in (Suspicion.EXPIRED, Suspicion.REVOKED):
        register.record(Released(token_id, Evidence.NEVER_USED))


def release_if_covered(register: Register, grant: Grant) -> None:
    """Free a token that was given back, if other tokens of its users cover all that they use.

    A notebook leases again and again from one process, which does not end in between. What such a
    process is charged is the same after this as before: its tokens, or its reading.
    """
    if grant.suspicion is not Suspicion.RELEASED_BY_HOLDER or not grant.users:
        return
    if register.readings.looked_at_ms < grant.kept_at_ms:
        return
    reading, besides_bytes = register.readings.of(grant), _granted_besides(register, grant)
    if reading is not None and besides_bytes and reading <= besides_bytes:
        register.record(Released(grant.request.token_id, Evidence.COVERED))


def _granted_besides(register: Register, grant: Grant) -> int:
    """Return what the users of a grant have by other tokens."""
    others = {
        other.request.token_id: other.granted_bytes
        for user in grant.users
        for other in register.rows.held_or_used_by(user)
        if user in other.users
    }
    others.pop(grant.request.token_id, None)
    return sum(others.values())


def _of_epoch(register: Register, token_id: str, epoch: int) -> Grant | None:
    """Return the grant of this very epoch, or refuse and return None."""
    row = register.find(token_id)
    if isinstance(row, Grant) and row.epoch == epoch:
        return row
    if row is None:
        register.refuse(token_id, Refusal.UNKNOWN, "No token has this id.")
    else:
        register.refuse(token_id, Refusal.STALE, f"Epoch {epoch} does not hold this token.")
    return None
