"""Turn the messages of the wire into commands, and rows into messages."""

from hashlib import sha256

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from brickwork.broker.v1 import broker_pb2 as pb
from brickwork_broker.core.commands import Acquire, Renew
from brickwork_broker.core.events import Yield
from brickwork_broker.core.request import Process, TokenRequest, WorkClass, Workload
from brickwork_broker.core.token import Demand, Grant, TokenState, Waiter
from brickwork_broker.core.yielding import Yielding

_CLASSES = {
    pb.WORK_CLASS_UNSPECIFIED: WorkClass.BATCH,
    pb.WORK_CLASS_INTERACTIVE: WorkClass.INTERACTIVE,
    pb.WORK_CLASS_BATCH: WorkClass.BATCH,
    pb.WORK_CLASS_NOTEBOOK: WorkClass.NOTEBOOK,
    pb.WORK_CLASS_BEST_EFFORT: WorkClass.BEST_EFFORT,
}

_SAID = frozenset(_CLASSES) - {pb.WORK_CLASS_UNSPECIFIED}
_CLASSES_SHOWN = {_CLASSES[shown]: shown for shown in _SAID}
_STATES = {
    TokenState.QUEUED: pb.TOKEN_STATE_QUEUED,
    TokenState.GRANTED: pb.TOKEN_STATE_GRANTED,
    TokenState.SHRINKING: pb.TOKEN_STATE_SHRINKING,
    TokenState.REVOKING: pb.TOKEN_STATE_REVOKING,
    TokenState.QUARANTINED: pb.TOKEN_STATE_QUARANTINED,
    TokenState.RELEASED: pb.TOKEN_STATE_RELEASED,
    TokenState.CANCELLED: pb.TOKEN_STATE_CANCELLED,
}
_YIELDS = {
    Yield.EVICT: pb.YIELD_KIND_EVICT,
    Yield.SHRINK: pb.YIELD_KIND_SHRINK,
    Yield.REVOKE: pb.YIELD_KIND_REVOKE,
}


def acquire(request: pb.AcquireVramTokenRequest, holder: Process, learned_bytes: int) -> Acquire:
    """Return the command of a request; its sense is the ledger's to judge.

    Args:
        request: as it came.
        holder: the process that asks, as the broker sees it.
        learned_bytes: what its workload needs, where it asks for that.
    """
    named = request.workload
    return Acquire(
        TokenRequest(
            token_id=request.token_id,
            holder=request.holder,
            purpose=request.purpose,
            guaranteed_bytes=request.guaranteed_bytes or learned_bytes,
            ceiling_bytes=request.ceiling_bytes or learned_bytes,
            work_class=_CLASSES.get(request.work_class, WorkClass.BATCH),
            tenant=request.tenant,
            renew_within_ms=request.renew_within.ToMilliseconds(),
            process=holder,
            secret_sha256=hashed(request.secret),
            hold_ms=_ms(request, "hold"),
            give_up_ms=_ms(request, "give_up_after"),
            shrinkable=request.shrinkable,
            revocable=request.revocable,
            loads=request.loads,
            workload=workload(named),
        ),
        wait_ms=request.wait.ToMilliseconds(),
    )


def workload(named: pb.Workload) -> Workload:
    """Return what will run."""
    return Workload(
        named.model_digest, named.engine, named.precision, named.bucket, named.weights_bytes
    )


def renew(request: pb.RenewVramTokenRequest, users: tuple[Process, ...]) -> Renew:
    """Return the command of a renewal; the users are named as the broker sees them."""
    return Renew(
        request.token_id,
        request.epoch,
        users,
        is_loading=request.loading,
        load_progress=request.load_progress,
        idle_ms=_ms(request, "idle"),
        kept_bytes=request.kept_bytes,
        work_class=said_class(request.work_class),
    )


def said_class(work_class: pb.WorkClass.ValueType) -> WorkClass | None:
    """Return a class, or None where none is said."""
    return _CLASSES[work_class] if work_class in _SAID else None


def hashed(secret: bytes) -> str:
    """Return what is kept of a secret."""
    return sha256(secret).hexdigest()


def process(identity: pb.ProcessIdentity) -> Process:
    """Return the name of a process, as whoever named it sees it."""
    return Process(identity.boot_id, identity.pid, identity.start_ticks)


def waiting(waiter: Waiter, place: pb.QueuePlace, now_ms: int) -> pb.VramToken:
    """Render a request that waits."""
    token = _token(waiter, pb.TOKEN_STATE_QUEUED, now_ms - waiter.asked_at_ms)
    token.work_class = _CLASSES_SHOWN[waiter.work_class]
    token.place.CopyFrom(place)
    return token


def held(grant: Grant, device: str, now_ms: int, measured_bytes: int | None) -> pb.VramToken:
    """Render memory that is charged."""
    token = _token(grant, _STATES[grant.state], now_ms - grant.since_ms)
    token.work_class = _CLASSES_SHOWN[grant.work_class]
    token.device = device
    token.granted_bytes = grant.granted_bytes
    token.epoch = grant.epoch
    token.loading = grant.is_loading
    if grant.is_alive:
        token.remaining.CopyFrom(span(grant.expires_at_ms - now_ms))
        if grant.hold_until_ms is not None:
            token.hold_left.CopyFrom(span(grant.hold_until_ms - now_ms))
        if grant.idle_since_ms is not None:
            token.idle.CopyFrom(span(now_ms - grant.idle_since_ms))
        if grant.demand is not None:
            token.demand.CopyFrom(demand(grant.demand, now_ms))
    if measured_bytes is not None:
        token.measured_bytes = measured_bytes
    return token


def demand(asked: Demand, now_ms: int) -> pb.Demand:
    """Render what a holder is asked for."""
    return pb.Demand(
        keep_bytes=asked.keep_bytes, within=span(asked.until_ms - now_ms), cause=asked.cause
    )


def yielding(one: Yielding) -> pb.Yielding:
    """Render somebody who would make room."""
    return _yielding(one.grant, one.yielded_bytes, _YIELDS[one.how], asked=False)


def leaving(grant: Grant) -> pb.Yielding:
    """Render somebody whose memory is on its way back."""
    kind = pb.YIELD_KIND_ENDING if grant.demand is None else _YIELDS[grant.demand.how]
    return _yielding(grant, grant.leaving_bytes, kind, asked=True)


def _yielding(
    grant: Grant, yielded_bytes: int, kind: pb.YieldKind.ValueType, *, asked: bool
) -> pb.Yielding:
    request = grant.request
    return pb.Yielding(
        token_id=request.token_id,
        holder=request.holder,
        purpose=request.purpose,
        yielded_bytes=yielded_bytes,
        kind=kind,
        asked=asked,
    )


def ended(token_id: str, state: TokenState) -> pb.VramToken:
    """Render what is known of a token that is over: its id and how it ended."""
    return pb.VramToken(token_id=token_id, state=_STATES[state])


def _token(row: Grant | Waiter, state: pb.TokenState.ValueType, age_ms: int) -> pb.VramToken:
    request = row.request
    return pb.VramToken(
        token_id=request.token_id,
        holder=request.holder,
        purpose=request.purpose,
        state=state,
        tenant=request.tenant,
        age=span(age_ms),
        tier=pb.ENFORCEMENT_TIER_WATCH,
        guaranteed_bytes=request.guaranteed_bytes,
        ceiling_bytes=request.ceiling_bytes,
    )


def span(span_ms: int) -> Duration:
    """Render a span; one that is over is zero."""
    duration = Duration()
    duration.FromMilliseconds(max(0, span_ms))
    return duration


def _ms(request: Message, field: str) -> int | None:
    return getattr(request, field).ToMilliseconds() if request.HasField(field) else None
