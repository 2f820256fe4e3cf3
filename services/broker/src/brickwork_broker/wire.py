"""Turn the messages of the wire into commands, and rows into messages."""

from google.protobuf.duration_pb2 import Duration

from brickwork.broker.v1alpha1 import broker_pb2 as pb
from brickwork_broker.messages import Acquire, Process, TokenRequest, TokenState, WorkClass
from brickwork_broker.token import Grant, Waiter

_CLASSES = {
    pb.WORK_CLASS_UNSPECIFIED: WorkClass.BATCH,
    pb.WORK_CLASS_INTERACTIVE: WorkClass.INTERACTIVE,
    pb.WORK_CLASS_BATCH: WorkClass.BATCH,
    pb.WORK_CLASS_NOTEBOOK: WorkClass.NOTEBOOK,
    pb.WORK_CLASS_BEST_EFFORT: WorkClass.BEST_EFFORT,
}


def acquire(request: pb.AcquireVramTokenRequest, holder: Process) -> Acquire:
    """Return the command of a request by a process; its sense is the ledger's to judge."""
    return Acquire(
        TokenRequest(
            token_id=request.token_id,
            holder=request.holder,
            purpose=request.purpose,
            guaranteed_bytes=request.guaranteed_bytes,
            ceiling_bytes=request.ceiling_bytes,
            work_class=_CLASSES.get(request.work_class, WorkClass.BATCH),
            tenant=request.tenant,
            renew_within_ms=request.renew_within.ToMilliseconds(),
            process=holder,
        ),
        wait_ms=request.wait.ToMilliseconds(),
    )


def process(identity: pb.ProcessIdentity) -> Process:
    """Return the name of a process, as whoever named it sees it."""
    return Process(identity.boot_id, identity.pid, identity.start_ticks)


def waiting(waiter: Waiter, now_ms: int) -> pb.VramToken:
    """Render a request that waits."""
    return _token(waiter, pb.TOKEN_STATE_QUEUED, now_ms - waiter.asked_at_ms)


def held(grant: Grant, device: str, now_ms: int, measured_bytes: int | None) -> pb.VramToken:
    """Render memory that is charged."""
    token = _token(grant, pb.TokenState.Value(_state(grant.state)), now_ms - grant.since_ms)
    token.device = device
    token.granted_bytes = grant.granted_bytes
    token.epoch = grant.epoch
    if grant.state is TokenState.GRANTED:
        token.remaining.CopyFrom(_span(max(0, grant.expires_at_ms - now_ms)))
    if measured_bytes is not None:
        token.measured_bytes = measured_bytes
    return token


def ended(token_id: str, state: TokenState) -> pb.VramToken:
    """Render what is known of a token that is over: its id and how it ended."""
    return pb.VramToken(token_id=token_id, state=pb.TokenState.Value(_state(state)))


def _token(row: Grant | Waiter, state: pb.TokenState.ValueType, age_ms: int) -> pb.VramToken:
    request = row.request
    return pb.VramToken(
        token_id=request.token_id,
        holder=request.holder,
        purpose=request.purpose,
        state=state,
        work_class=pb.WorkClass.Value(f"WORK_CLASS_{request.work_class.name}"),
        tenant=request.tenant,
        age=_span(age_ms),
        tier=pb.ENFORCEMENT_TIER_WATCH,
    )


def _state(state: TokenState) -> str:
    return f"TOKEN_STATE_{state.name}"


def _span(span_ms: int) -> Duration:
    duration = Duration()
    duration.FromMilliseconds(span_ms)
    return duration
