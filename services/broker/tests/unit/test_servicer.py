"""What holders ask, over a real socket, with real processes as holders and engines."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from brickwork.broker.v1 import broker_pb2 as pb
from brickwork.broker.v1 import broker_pb2_grpc
from brickwork_broker.runtime import Runtime
from brickwork_sdk.errors import BrickworkError, NoCapacity, Reason
from brickwork_sdk.testing.clock import ManualClock
from services.broker.tests.unit.asking import SECONDS, SECRET, Child, named, refusal, request

if TYPE_CHECKING:  # the stub of grpc.aio has a class of its own in the type stubs only
    Stub = broker_pb2_grpc.BrokerServiceAsyncStub


def end(child: Child) -> None:
    child.kill()
    child.wait()


async def eventually(stub: "Stub", holds: Callable[[], bool]) -> None:
    """Let calls come and go until something holds."""
    for _ in range(500):
        await stub.ListVramTokens(pb.ListVramTokensRequest(), timeout=SECONDS)
        if holds():
            return
    raise AssertionError("it never came to hold")


async def test_a_token_is_granted_renewed_and_released_when_its_engine_is_gone(
    stub: "Stub", children: list[Child]
) -> None:
    brick, engine = children
    granted = (await stub.AcquireVramToken(request(brick), timeout=SECONDS)).token
    assert (granted.state, granted.granted_bytes) == (pb.TOKEN_STATE_GRANTED, 60)
    assert (granted.device, granted.tier) == ("host", pb.ENFORCEMENT_TIER_WATCH)
    assert granted.work_class == pb.WORK_CLASS_BATCH
    assert granted.remaining.ToMilliseconds() == 5_000
    renewed = await stub.RenewVramToken(
        pb.RenewVramTokenRequest(
            secret=SECRET, token_id="token-01", epoch=granted.epoch, users=[named(engine)]
        ),
        timeout=SECONDS,
    )
    assert renewed.token.state == pb.TOKEN_STATE_GRANTED
    release = pb.ReleaseVramTokenRequest(secret=SECRET, token_id="token-01", epoch=granted.epoch)
    released = await stub.ReleaseVramToken(release, timeout=SECONDS)
    assert released.token.state == pb.TOKEN_STATE_QUARANTINED
    assert not released.token.HasField("remaining")
    end(engine)
    released = await stub.ReleaseVramToken(release, timeout=SECONDS)
    assert released.token.state == pb.TOKEN_STATE_RELEASED


async def test_a_waiter_is_told_why_and_is_granted_as_soon_as_it_fits(
    stub: "Stub", children: list[Child]
) -> None:
    brick, other = children
    await stub.AcquireVramToken(request(brick), timeout=SECONDS)
    queued = await stub.AcquireVramToken(request(other, "token-02"), timeout=SECONDS)
    assert queued.token.state == pb.TOKEN_STATE_QUEUED
    assert (queued.place.position, queued.place.HasField("expected")) == (1, False)
    assert "held by asr whisper-base" in queued.place.cause
    waiting = stub.AcquireVramToken(request(other, "token-02", 30), timeout=40)
    await stub.ReleaseVramToken(
        pb.ReleaseVramTokenRequest(secret=SECRET, token_id="token-01"), timeout=SECONDS
    )
    answer = await waiting
    assert answer.token.state == pb.TOKEN_STATE_GRANTED
    assert not answer.HasField("place")


async def test_a_poll_ends_when_its_time_is_up(stub: "Stub", children: list[Child]) -> None:
    brick, other = children
    await stub.AcquireVramToken(request(brick), timeout=SECONDS)
    queued = await stub.AcquireVramToken(request(other, "token-02", 0.01), timeout=SECONDS)
    assert queued.token.state == pb.TOKEN_STATE_QUEUED


async def test_a_poll_ends_when_its_request_leaves_the_queue(
    stub: "Stub", children: list[Child]
) -> None:
    brick, other = children
    await stub.AcquireVramToken(request(brick), timeout=SECONDS)
    await stub.AcquireVramToken(request(other, "token-02"), timeout=SECONDS)
    waiting = stub.AcquireVramToken(request(other, "token-02", 30), timeout=40)
    left = await stub.ReleaseVramToken(
        pb.ReleaseVramTokenRequest(secret=SECRET, token_id="token-02"), timeout=SECONDS
    )
    assert left.token.state == pb.TOKEN_STATE_CANCELLED
    assert (await refusal(waiting)).reason is Reason.VRAM_TOKEN_STALE


async def test_a_caller_that_hangs_up_loses_its_place(
    stub: "Stub", runtime: Runtime, clock: ManualClock, children: list[Child]
) -> None:
    brick, other = children
    await stub.AcquireVramToken(request(brick), timeout=SECONDS)
    await stub.AcquireVramToken(request(other, "token-02"), timeout=SECONDS)
    waiting = stub.AcquireVramToken(request(other, "token-02", 30), timeout=40)
    await eventually(stub, lambda: runtime.ledger.waiters()[0].listens_until_ms > runtime.now_ms())
    waiting.cancel()
    await eventually(stub, lambda: runtime.ledger.waiters()[0].listens_until_ms < runtime.now_ms())
    clock.advance(5)
    tokens = await stub.AcquireVramToken(request(brick, "token-03"), timeout=SECONDS)
    assert tokens.place.position == 1


async def test_every_refusal_has_its_reason(stub: "Stub", children: list[Child]) -> None:
    brick, other = children

    async def asked(asking: pb.AcquireVramTokenRequest) -> BrickworkError:
        return await refusal(stub.AcquireVramToken(asking, timeout=SECONDS))

    nonsense = await asked(request(brick, size_bytes=-1))
    assert nonsense.reason is Reason.VRAM_REQUEST_INVALID
    assert nonsense.metadata == {"field": "guaranteed_bytes"}
    assert (await asked(request(brick, size_bytes=101))).reason is Reason.VRAM_CAN_NEVER_FIT
    for token_id in ("token-01", "token-02", "token-03"):
        await stub.AcquireVramToken(request(brick, token_id), timeout=SECONDS)
    full = await asked(request(brick, "token-04"))
    assert full.reason is Reason.VRAM_QUEUE_FULL
    assert full.retry_after_seconds == 10
    stale = pb.RenewVramTokenRequest(secret=SECRET, token_id="token-01", epoch=99)
    assert (
        await refusal(stub.RenewVramToken(stale, timeout=SECONDS))
    ).reason is Reason.VRAM_TOKEN_STALE
    unknown = pb.RenewVramTokenRequest(secret=SECRET, token_id="token-99", epoch=1)
    assert (
        await refusal(stub.RenewVramToken(unknown, timeout=SECONDS))
    ).reason is Reason.VRAM_TOKEN_UNKNOWN
    gone = request(other, "token-05")
    end(other)
    error = await asked(gone)
    assert (error.reason, error.metadata) == (Reason.VRAM_REQUEST_INVALID, {"field": "process"})


async def test_a_process_of_a_namespace_out_of_sight_is_refused_wherever_it_is_named(
    stub: "Stub", children: list[Child]
) -> None:
    brick, engine = children
    hidden = request(brick)
    hidden.process.pid_namespace = 1
    error = await refusal(stub.AcquireVramToken(hidden, timeout=SECONDS))
    assert (error.reason, error.metadata) == (Reason.VRAM_REQUEST_INVALID, {"field": "process"})
    granted = (await stub.AcquireVramToken(request(brick), timeout=SECONDS)).token
    user = named(engine)
    user.pid_namespace = 1
    renewal = pb.RenewVramTokenRequest(
        secret=SECRET, token_id="token-01", epoch=granted.epoch, users=[user]
    )
    error = await refusal(stub.RenewVramToken(renewal, timeout=SECONDS))
    assert (error.reason, error.metadata) == (Reason.VRAM_REQUEST_INVALID, {"field": "users"})


async def test_tokens_and_capacity_are_shown_with_what_is_measured(
    stub: "Stub", runtime: Runtime, clock: ManualClock, children: list[Child]
) -> None:
    brick, engine = children
    granted = (await stub.AcquireVramToken(request(brick), timeout=SECONDS)).token
    await stub.AcquireVramToken(request(brick, "token-02"), timeout=SECONDS)
    users = [named(engine)]
    await stub.RenewVramToken(
        pb.RenewVramTokenRequest(
            secret=SECRET, token_id="token-01", epoch=granted.epoch, users=users
        ),
        timeout=SECONDS,
    )
    clock.advance(2)
    await runtime.look_around()
    held, waiting = (await stub.ListVramTokens(pb.ListVramTokensRequest(), timeout=SECONDS)).tokens
    assert (held.state, waiting.state) == (pb.TOKEN_STATE_GRANTED, pb.TOKEN_STATE_QUEUED)
    assert held.measured_bytes > 1_000_000
    assert not waiting.HasField("measured_bytes")
    assert held.age.ToMilliseconds() == waiting.age.ToMilliseconds() == 2_000
    await stub.ReleaseVramToken(
        pb.ReleaseVramTokenRequest(secret=SECRET, token_id="token-01", epoch=granted.epoch),
        timeout=SECONDS,
    )
    capacity = await stub.GetCapacity(pb.GetCapacityRequest(), timeout=SECONDS)
    (device,) = capacity.devices
    assert not capacity.recovering
    assert (device.device, device.capacity_bytes) == ("host", 100)
    assert (device.charged_bytes, device.quarantined_bytes) == (60, 60)


async def test_a_killed_holder_is_seen_without_being_told(
    stub: "Stub", runtime: Runtime, children: list[Child]
) -> None:
    brick, engine = children
    granted = (await stub.AcquireVramToken(request(brick), timeout=SECONDS)).token
    users = [named(engine)]
    await stub.RenewVramToken(
        pb.RenewVramTokenRequest(
            secret=SECRET, token_id="token-01", epoch=granted.epoch, users=users
        ),
        timeout=SECONDS,
    )
    end(brick)
    await runtime.look_at(runtime.ledger.processes())
    assert runtime.ledger.charged_bytes == 60
    end(engine)
    await runtime.look_at(runtime.ledger.processes())
    assert runtime.ledger.charged_bytes == 0


async def test_a_full_disk_is_said_and_ends_the_broker(
    stub: "Stub", runtime: Runtime, children: list[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("brickwork_broker.storage.journal.Journal.append", fail)
    keeping = asyncio.create_task(runtime.run())
    error = await refusal(stub.AcquireVramToken(request(children[0]), timeout=SECONDS))
    assert error.reason is Reason.STORAGE_FULL
    # Once the ledger is ahead of its journal nothing is answered any more.
    listed = stub.RenewVramToken(
        pb.RenewVramTokenRequest(secret=SECRET, token_id="token-01"), timeout=SECONDS
    )
    assert (await refusal(listed)).reason is Reason.STORAGE_FULL
    with pytest.raises(NoCapacity, match="No space"):
        await keeping


async def test_nobody_renews_or_releases_the_token_of_another(
    stub: "Stub", children: list[Child]
) -> None:
    granted = (await stub.AcquireVramToken(request(children[0]), timeout=SECONDS)).token
    waiting = request(children[0], "token-02")
    await stub.AcquireVramToken(waiting, timeout=SECONDS)
    waiting.secret = b"another sixteen."
    calls: list[Awaitable[Any]] = [stub.AcquireVramToken(waiting, timeout=SECONDS)]
    for token_id, epoch in (("token-01", granted.epoch), ("token-02", 0)):
        for secret in (b"", b"another sixteen."):
            renew = pb.RenewVramTokenRequest(token_id=token_id, epoch=epoch, secret=secret)
            release = pb.ReleaseVramTokenRequest(token_id=token_id, epoch=epoch, secret=secret)
            calls.append(stub.RenewVramToken(renew, timeout=SECONDS))
            calls.append(stub.ReleaseVramToken(release, timeout=SECONDS))
    for call in calls:
        assert (await refusal(call)).reason is Reason.VRAM_TOKEN_FOREIGN
    tokens = (await stub.ListVramTokens(pb.ListVramTokensRequest(), timeout=SECONDS)).tokens
    assert [token.state for token in tokens] == [pb.TOKEN_STATE_GRANTED, pb.TOKEN_STATE_QUEUED]


@pytest.mark.parametrize("secret", [b"", b"x" * 15, b"x" * 65])
async def test_a_secret_that_can_be_guessed_is_none(
    stub: "Stub", children: list[Child], secret: bytes
) -> None:
    asking = request(children[0])
    asking.secret = secret
    error = await refusal(stub.AcquireVramToken(asking, timeout=SECONDS))
    assert (error.reason, error.metadata) == (Reason.VRAM_REQUEST_INVALID, {"field": "secret"})


async def test_who_asks_for_nothing_gets_what_was_learned(
    stub: "Stub", children: list[Child]
) -> None:
    asking = request(children[0], size_bytes=0)
    granted = (await stub.AcquireVramToken(asking, timeout=SECONDS)).token
    assert (granted.guaranteed_bytes, granted.granted_bytes) == (7, 7)


async def test_a_wait_is_explained_with_who_makes_room(
    stub: "Stub", clock: ManualClock, children: list[Child]
) -> None:
    brick, _ = children
    batch = request(brick)
    batch.revocable = True
    await stub.AcquireVramToken(batch, timeout=SECONDS)
    clock.advance(3)
    call = request(brick, "token-02")
    call.work_class = pb.WORK_CLASS_INTERACTIVE
    await stub.AcquireVramToken(call, timeout=SECONDS)
    asked = await stub.ExplainWait(pb.ExplainWaitRequest(token_id="token-02"), timeout=SECONDS)
    cause = "Waiting for 1 MB to come back from asr whisper-base, which gives way."
    assert (asked.place.position, asked.place.cause) == (1, cause)
    (yielding,) = asked.yielding
    assert (yielding.token_id, yielding.kind, yielding.asked) == (
        "token-01",
        pb.YIELD_KIND_REVOKE,
        True,
    )
    (held,) = asked.held
    assert (held.state, held.demand.keep_bytes) == (pb.TOKEN_STATE_REVOKING, 0)
    for token_id, reason in (
        ("token-01", Reason.VRAM_TOKEN_STALE),
        ("token-99", Reason.VRAM_TOKEN_UNKNOWN),
    ):
        explain = pb.ExplainWaitRequest(token_id=token_id)
        assert (await refusal(stub.ExplainWait(explain, timeout=SECONDS))).reason is reason


async def test_a_watcher_is_shown_each_change(
    stub: "Stub", runtime: Runtime, children: list[Child]
) -> None:
    watch = stub.WatchVramTokens(pb.WatchVramTokensRequest(), timeout=SECONDS)
    shown = aiter(watch)
    assert not (await anext(shown)).tokens
    await stub.AcquireVramToken(request(children[0]), timeout=SECONDS)
    await runtime.look_around()
    seen = await anext(shown)
    assert [token.token_id for token in seen.tokens] == ["token-01"]
    assert seen.capacity.devices[0].charged_bytes == 60
    watch.cancel()
