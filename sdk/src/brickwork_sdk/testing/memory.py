"""Memory with somebody in every state, for tests of those who show it."""

from brickwork.broker.v1 import broker_pb2 as pb
from brickwork_sdk.durations import to_duration

MIB = 1024**2
GIB = 1024**3


def full_memory() -> pb.WatchVramTokensResponse:
    """Return a GPU that is full: somebody works, is idle, shrinks, is over, and waits."""
    device = pb.DeviceCapacity(
        device="cuda:0",
        total_bytes=16 * GIB,
        capacity_bytes=14 * GIB,
        charged_bytes=14 * GIB,
        quarantined_bytes=GIB,
        used_bytes=12 * GIB,
        foreign_bytes=512 * MIB,
    )
    return pb.WatchVramTokensResponse(
        tokens=[_model(), _idle(), _lease(), _ended(), waiting_token()],
        capacity=pb.GetCapacityResponse(devices=[device]),
    )


def waiting_token() -> pb.VramToken:
    """Return the one that waits."""
    place = pb.QueuePlace(
        position=1,
        cause="Waiting for 2.1 GB to come back from lease python, which gives way.",
        expected=to_duration(4),
        expected_at_most=to_duration(31),
    )
    return pb.VramToken(
        token_id="asr-77aa0b1c2d3e",
        holder="asr",
        purpose="whisper-small",
        tenant="default",
        work_class=pb.WORK_CLASS_INTERACTIVE,
        state=pb.TOKEN_STATE_QUEUED,
        guaranteed_bytes=2 * GIB,
        ceiling_bytes=3 * GIB,
        age=to_duration(6),
        place=place,
    )


def explained_wait() -> pb.ExplainWaitResponse:
    """Explain why that one waits."""
    lease = _lease()
    yielding = pb.Yielding(
        token_id=lease.token_id,
        holder=lease.holder,
        purpose=lease.purpose,
        yielded_bytes=2 * GIB,
        kind=pb.YIELD_KIND_SHRINK,
        asked=True,
    )
    return pb.ExplainWaitResponse(
        place=waiting_token().place, held=[lease, _model()], yielding=[yielding]
    )


def _model() -> pb.VramToken:
    return pb.VramToken(
        token_id="llm-01f2e3d4c5b6",
        holder="llm",
        purpose="smollm2-1.7b",
        tenant="default",
        work_class=pb.WORK_CLASS_BATCH,
        state=pb.TOKEN_STATE_GRANTED,
        device="cuda:0",
        granted_bytes=4 * GIB,
        measured_bytes=3 * GIB,
        age=to_duration(754),
        tier=pb.ENFORCEMENT_TIER_WATCH,
    )


def _idle() -> pb.VramToken:
    return pb.VramToken(
        token_id="ocr-5566778899aa",
        holder="ocr",
        purpose="ppocr-v4",
        tenant="default",
        work_class=pb.WORK_CLASS_BATCH,
        state=pb.TOKEN_STATE_GRANTED,
        device="cuda:0",
        granted_bytes=GIB,
        age=to_duration(3_700),
        idle=to_duration(190),
        tier=pb.ENFORCEMENT_TIER_WATCH,
    )


def _lease() -> pb.VramToken:
    demand = pb.Demand(
        keep_bytes=6 * GIB,
        within=to_duration(24),
        cause="asr whisper-small needs 2.1 GB, and the lease's time is over.",
    )
    return pb.VramToken(
        token_id="lease-aa00bb11cc22",
        holder="lease",
        purpose="python",
        tenant="ana",
        work_class=pb.WORK_CLASS_NOTEBOOK,
        state=pb.TOKEN_STATE_SHRINKING,
        device="cuda:0",
        granted_bytes=8 * GIB,
        measured_bytes=9 * GIB,
        guaranteed_bytes=6 * GIB,
        ceiling_bytes=8 * GIB,
        age=to_duration(6),
        hold_left=to_duration(0),
        demand=demand,
        tier=pb.ENFORCEMENT_TIER_WATCH,
    )


def _ended() -> pb.VramToken:
    return pb.VramToken(
        token_id="translate-99ffee",
        holder="translate",
        purpose="[red]en-pt\x1b[31m",
        tenant="default",
        work_class=pb.WORK_CLASS_BATCH,
        state=pb.TOKEN_STATE_QUARANTINED,
        device="cuda:0",
        granted_bytes=GIB,
        measured_bytes=GIB,
        age=to_duration(12),
        tier=pb.ENFORCEMENT_TIER_WATCH,
    )
