"""Turn what the ledger tells into entries of the audit log: each change of each token, and why."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from brickwork_broker.audit.standing import Standing, described, name_of, standing_of
from brickwork_broker.core.commands import Command, ConfirmGone, Override, Release, Renew
from brickwork_broker.core.events import (
    AskedBack,
    Cancelled,
    DrainSet,
    Event,
    Evidence,
    Granted,
    Loaded,
    Overcommitted,
    Overridden,
    Quarantined,
    Queued,
    Reclassified,
    Released,
    Shrunk,
    Suspicion,
    UserGone,
    UsersBound,
)
from brickwork_broker.core.request import WorkClass
from brickwork_broker.core.token import Grant, TokenState
from brickwork_sdk.audit.record import Entry

BROKER, PROBE = "broker", "probe"

_WHY_OVER = {
    Suspicion.RELEASED_BY_HOLDER: "Given back.",
    Suspicion.EXPIRED: "Not renewed in time.",
    Suspicion.HOLDER_GONE: "Its holder is gone.",
    Suspicion.REVOKED: "Not given back in time.",
}
_UNKNOWN = Standing()


class Transitions:
    """Follow all tokens from event to event.

    Args:
        grants: what is charged at the start.
    """

    def __init__(self, grants: Iterable[Grant]) -> None:
        self._tokens = {grant.request.token_id: standing_of(grant) for grant in grants}

    def entries(self, command: Command, events: Iterable[Event]) -> list[Entry]:
        """Return what is to be recorded of the events of one command, in order."""
        if isinstance(command, Renew) and command.work_class is not None:
            standing = self._of(command.token_id)
            self._put(command.token_id, replace(standing, work_class=command.work_class))
        found = (self._entry(command, event) for event in events)
        return [entry for entry in found if entry is not None]

    def standings(self) -> list[dict[str, Any]]:
        """Return how each token stands, as a record has it."""
        return [
            {
                **described(token_id, standing),
                "state": standing.state,
                "users": [name_of(user) for user in standing.users],
                "was_used": standing.was_used,
            }
            for token_id, standing in self._tokens.items()
        ]

    def _entry(self, command: Command, event: Event) -> Entry | None:
        match event:
            case Queued() | Granted() | AskedBack() | Shrunk():
                return self._going_on(command, event)
            case Quarantined() | Released() | Cancelled():
                return self._over(command, event)
            case Reclassified():
                after = replace(self._of(event.token_id), work_class=event.work_class)
                who = f"operator:{event.operator}"
                return self._changed(event.token_id, after, who, event.reason)
            case UsersBound() | UserGone() | Loaded():
                return self._used(event)
            case _:
                return _of_the_broker(event)

    def _going_on(self, command: Command, event: Queued | Granted | AskedBack | Shrunk) -> Entry:
        match event:
            case Queued():
                request = getattr(command, "request", None)
                work_class = WorkClass.BATCH if request is None else request.work_class
                after = Standing(request, work_class, TokenState.QUEUED)
                return self._changed(event.token_id, after, _holder(after), "Asked for memory.")
            case Granted(request=request):
                work_class = self._of(request.token_id).work_class
                after = Standing(
                    request, work_class, TokenState.GRANTED, event.epoch, event.granted_bytes
                )
                more = {"loads": True} if request.loads else {}
                return self._changed(request.token_id, after, BROKER, "It is its turn.", **more)
            case AskedBack(keep_bytes=keep_bytes):
                state = TokenState.SHRINKING if keep_bytes else TokenState.REVOKING
                after = replace(self._of(event.token_id), state=state, keep_bytes=keep_bytes)
                return self._changed(
                    event.token_id,
                    after,
                    BROKER,
                    event.cause,
                    how=event.how,
                    keep_bytes=keep_bytes,
                    within_ms=event.within_ms,
                    for_token=event.for_token,
                )
            case Shrunk():
                before = self._of(event.token_id)
                has_shrunk = 0 < event.granted_bytes <= before.keep_bytes
                is_asked = before.state is TokenState.SHRINKING
                after = replace(
                    before,
                    state=TokenState.GRANTED if is_asked and has_shrunk else before.state,
                    charged_bytes=event.granted_bytes,
                    keep_bytes=0 if has_shrunk else before.keep_bytes,
                )
                why = "It keeps to less, and the readings agree."
                return self._changed(event.token_id, after, _holder(after), why)

    def _over(self, command: Command, event: Quarantined | Released | Cancelled) -> Entry:
        token_id = event.token_id
        before = self._of(token_id)
        match event:
            case Quarantined(suspicion=suspicion):
                is_told = suspicion in (Suspicion.RELEASED_BY_HOLDER, Suspicion.HOLDER_GONE)
                who = _actor(command, token_id, before) if is_told else BROKER
                after = replace(before, state=TokenState.QUARANTINED, keep_bytes=0)
                return self._changed(token_id, after, who, _WHY_OVER[suspicion])
            case Released(evidence=evidence):
                after = replace(before, state=TokenState.RELEASED, charged_bytes=0)
                why = "No process has ever used it."
                if evidence is Evidence.USERS_GONE:
                    why = "Each process that used it is gone."
                elif evidence is Evidence.COVERED:
                    why = "Other tokens of its processes cover all that they use."
                elif evidence is Evidence.OVERRIDE and isinstance(command, Override):
                    why = command.authority.reason
                who = _actor(command, token_id, before)
                return self._changed(token_id, after, who, why, evidence=evidence)
            case Cancelled():
                after = replace(before, state=TokenState.CANCELLED)
                return self._changed(
                    token_id, after, _actor(command, token_id, before), "It waits no more."
                )

    def _used(self, event: UsersBound | UserGone | Loaded) -> Entry:
        token_id = event.token_id
        before = self._of(token_id)
        match event:
            case UsersBound(users=users):
                self._put(token_id, replace(before, users=users, was_used=True))
                named = {"token_id": token_id, "users": [name_of(user) for user in users]}
                return Entry(_holder(before), "users_bound", "They may use its memory.", named)
            case UserGone(process=process):
                left = tuple(user for user in before.users if user != process)
                self._put(token_id, replace(before, users=left))
                gone = {"token_id": token_id, "user": name_of(process)}
                return Entry(PROBE, "user_gone", "The process is gone.", gone)
            case Loaded():
                took = {"token_id": token_id, "load_ms": event.load_ms}
                return Entry(_holder(before), "token_loaded", "Its model is loaded.", took)

    def _changed(self, token_id: str, after: Standing, who: str, why: str, **more: Any) -> Entry:
        before = self._of(token_id).state
        self._put(token_id, after)
        fields = {**described(token_id, after), "before": before, "after": after.state, **more}
        return Entry(who, "token_changed", why, fields)

    def _of(self, token_id: str) -> Standing:
        return self._tokens.get(token_id, _UNKNOWN)

    def _put(self, token_id: str, standing: Standing) -> None:
        if standing.state in (None, TokenState.RELEASED, TokenState.CANCELLED):
            self._tokens.pop(token_id, None)
        else:
            self._tokens[token_id] = standing


def _of_the_broker(event: Event) -> Entry | None:
    match event:
        case DrainSet(is_draining=is_draining):
            who = f"operator:{event.operator}"
            return Entry(who, "drain_set", event.reason, {"is_draining": is_draining})
        case Overridden(token_id=token_id):
            who = f"operator:{event.operator}"
            return Entry(who, "override", event.reason, {"token_id": token_id})
        case Overcommitted(excess_bytes=excess_bytes):
            why = "More is in use than there may be." if excess_bytes else "It fits again."
            return Entry(PROBE, "overcommitted", why, {"excess_bytes": excess_bytes})
    return None


def _holder(standing: Standing) -> str:
    return "holder" if standing.request is None else f"holder:{standing.request.holder}"


def _actor(command: Command, token_id: str, standing: Standing) -> str:
    """Say whose doing it is that something ended; what time has ended is the broker's."""
    match command:
        case ConfirmGone(process=process):
            request = standing.request
            is_own = process in standing.users or (
                request is not None and request.process == process
            )
            return PROBE if is_own or not standing.users else BROKER
        case Release(token_id=released) if released == token_id:
            return _holder(standing)
        case Override(token_id=freed) if freed == token_id:
            return f"operator:{command.authority.operator}"
        case _:
            return BROKER
