"""What the passing of time ends: tokens that are not renewed, graces, loads that hang, waiting."""

from brickwork_broker.core.asking import leaves_at_ms
from brickwork_broker.core.events import Cancelled, Suspicion, Yield
from brickwork_broker.core.holding import LOAD_MS_MAX, end, release_if_proven
from brickwork_broker.core.register import CLEARING_MS_MAX, RECOVERY_MS, Register
from brickwork_broker.core.room import Room
from brickwork_broker.core.token import Grant


def let_time_pass(register: Register, room: Room) -> None:
    """End whatever is due."""
    if register.now_ms < register.due_ms:
        return
    for grant in list(register.rows.grants.values()):
        if grant.is_alive:
            _let_time_pass_for(register, room, grant)
        else:
            _let_time_pass_after(register, grant)
    for waiter in register.queue:
        if leaves_at_ms(waiter) <= register.now_ms:
            register.record(Cancelled(waiter.request.token_id))
    # Renewals and polls only move an end back, so the earliest end of those that are left is a safe
    # time to look again; whatever is granted, asked or queued later brings its own.
    ends_ms = [_due_ms(grant) for grant in register.rows.grants.values() if not grant.is_stuck]
    ends_ms += [leaves_at_ms(waiter) for waiter in register.queue]
    register.due_ms = min(ends_ms, default=register.now_ms + RECOVERY_MS)


def _let_time_pass_for(register: Register, room: Room, grant: Grant) -> None:
    demand = grant.demand
    if grant.expires_at_ms <= register.now_ms:
        end(register, grant, Suspicion.EXPIRED)
    elif demand is not None and demand.until_ms <= register.now_ms:
        if demand.keep_bytes == 0:
            end(register, grant, Suspicion.REVOKED)
        else:
            cause = "It has not given back in time what it was asked for."
            room.ask_back(grant, 0, Yield.REVOKE, cause, demand.for_token)
    elif _hangs(register, grant):
        cause = f"Its model has not got on loading for {LOAD_MS_MAX // 1000} s."
        room.ask_back(grant, 0, Yield.REVOKE, cause, "")


def _let_time_pass_after(register: Register, grant: Grant) -> None:
    """Free what is over if a broker was killed before it could write that, or call it stuck."""
    token_id = grant.request.token_id
    release_if_proven(register, token_id)
    if token_id in register.rows.grants and grant.since_ms + CLEARING_MS_MAX <= register.now_ms:
        register.rows.change(token_id, is_stuck=True)
        register.has_moved = True  # who needs what is stuck lets others go first


def _hangs(register: Register, grant: Grant) -> bool:
    """Tell whether a load does not get on; one from before a restart has yet to be told of."""
    return grant.is_loading and 0 < grant.load_due_ms <= register.now_ms and grant.demand is None


def _due_ms(grant: Grant) -> int:
    """Return when the next thing about a grant may be due."""
    if not grant.is_alive:
        return grant.since_ms + CLEARING_MS_MAX
    ends_ms = [grant.expires_at_ms]
    if grant.demand is not None:
        ends_ms.append(grant.demand.until_ms)
    elif grant.is_loading and grant.load_due_ms:
        ends_ms.append(grant.load_due_ms)
    return min(ends_ms)
