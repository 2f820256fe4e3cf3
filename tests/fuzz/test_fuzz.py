"""Whatever is sent to an RPC: it ends in time, says why it refuses, and harms nobody."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

import grpc
import psutil
import pytest
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from brickwork_sdk.caller import Caller
from brickwork_sdk.errors import Code, Reason
from brickwork_sdk.rich_status import error_from_rpc
from brickwork_sdk.testing.recordings import tone, write_recording
from tests.contract.processes import BRICKS, SECONDS, process
from tests.contract.streams import made_media
from tests.fuzz.good_requests import Rpc, every_rpc, good_requests
from tests.fuzz.hostile import Hostile

RPCS = list(every_rpc())
CALL_SECONDS_MAX = 30.0
CHECK_EVERY = 500
"""Inputs between two looks at whether the brick is unharmed; the last is followed by one too."""

AT_ONCE = 4
"""Inputs that are on their way together, so that one is made while others are looked at."""

GROWTH_BYTES_MAX = 192 * 1024 * 1024
"""How much more memory a brick and its engine may have than after their first good answers."""

SEEDS = ("short", "sound", "voice", "pictures", "light", "document", "locked", "bomb", "playlist")
OURS = {Reason.UNEXPECTED, Reason.BRICK_UNREACHABLE, Reason.DEADLINE_EXCEEDED, Reason.CANCELLED}
"""Reasons that no input may have: each would be our fault."""

HOSTILE, GOOD = (Caller(tenant=name).to_metadata() for name in ("hostile", "good"))


@dataclass(frozen=True)
class Outcome:
    """How a call ended: with answers, or refused for a reason."""

    answers: Sequence[Message]
    reason: Reason | None = None
    fault: str = ""

    def like(self, other: "Outcome", rpc: Rpc) -> bool:
        """Tell whether two good calls of an RPC ended alike."""
        same = not rpc.is_steady or self.answers == other.answers
        return same and self.reason is other.reason and not self.fault


@dataclass(frozen=True)
class Target:
    """The mesh that takes the inputs.

    Attributes:
        channels: one to each brick, by name.
        bricks: its process, by name.
        good: messages of a good call, by RPC.
        media: what inputs are made of.
    """

    channels: Mapping[str, grpc.Channel]
    bricks: Mapping[str, psutil.Process]
    good: Mapping[str, Sequence[Message]]
    media: Sequence[bytes]

    def ask(
        self, rpc: Rpc, messages: Sequence[bytes], caller: tuple[tuple[str, str], ...]
    ) -> Outcome:
        """Send messages as they are; on the wire every RPC is a stream both ways."""
        call: grpc.StreamStreamMultiCallable[bytes, bytes]
        call = self.channels[rpc.brick].stream_stream(rpc.path)
        decode = GetMessageClass(rpc.method.output_type).FromString
        answers: list[Message] = []
        try:
            for content in call(iter(messages), timeout=CALL_SECONDS_MAX, metadata=caller):
                answers.append(decode(content))
        except grpc.RpcError as raised:
            error = error_from_rpc(raised)
            is_ours = error.code is Code.INTERNAL or error.reason in OURS or not error.domain
            fault = f"{raised.code()} {error.reason}: {raised.details()}"
            return Outcome(_lasting(answers), error.reason, fault if is_ours else "")
        return Outcome(_lasting(answers))

    def ask_well(self, rpc: Rpc) -> Outcome:
        """Send the good call of an RPC."""
        return self.ask(rpc, [one.SerializeToString() for one in self.good[rpc.name]], GOOD)

    def memory_bytes(self, brick: str) -> int:
        """Return what a brick and the processes below it hold of memory."""
        held_bytes = 0
        for one in (self.bricks[brick], *self.bricks[brick].children(recursive=True)):
            try:
                held_bytes += one.memory_info().rss
            except psutil.NoSuchProcess:
                continue  # A child that looked at a recording has ended.
        return held_bytes


def _lasting(answers: Sequence[Message]) -> list[Message]:
    """Leave out what depends on time."""
    passing = ("waiting", "started", "progress", "partial")
    return [
        one
        for one in answers
        if "event" not in one.DESCRIPTOR.oneofs_by_name or one.WhichOneof("event") not in passing
    ]


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """A mesh of processes with scripted engines, and what is sent to it."""
    with tempfile.TemporaryDirectory(prefix="brickwork-") as named, ExitStack() as stack:
        folder = Path(named)
        (folder / "media").mkdir()
        media = dict(made_media(folder / "media"))
        media["voice"] = write_recording(folder / "media" / "voice.flac", tone(5.0)).read_bytes()
        processes, channels = {}, {}
        for name in ("broker", *BRICKS):
            processes[name] = psutil.Process(stack.enter_context(process(folder, name)).pid)
        for name in BRICKS:
            channel = grpc.insecure_channel(f"unix:{folder}/{name}.sock")
            channels[name] = stack.enter_context(channel)
            grpc.channel_ready_future(channel).result(SECONDS)
        good, seeds = good_requests(media), [media[name] for name in SEEDS]
        yield Target(channels, processes, good, seeds)


@pytest.fixture(scope="module")
def healthy(target: Target) -> Mapping[str, Outcome]:
    """How the good call of each RPC ends before anything bad was sent."""
    return {rpc.name: target.ask_well(rpc) for rpc in RPCS}


@pytest.fixture(scope="module")
def fresh_bytes(target: Target, healthy: Mapping[str, Outcome]) -> Mapping[str, int]:
    """The memory of each brick once it has answered every good call."""
    assert healthy
    return {name: target.memory_bytes(name) for name in BRICKS}


def faults(target: Target, rpc: Rpc, seeds: range) -> Iterator[tuple[int, str]]:
    """Send the inputs of the seeds, and yield to each what was not as it should be."""

    def fault(seed: int) -> str:
        hostile = Hostile(Random(f"{rpc.name} {seed}"), target.media)  # noqa: S311 - repeatable, not secret
        messages = hostile.call(target.good[rpc.name], is_streaming=rpc.method.client_streaming)
        return target.ask(rpc, messages, HOSTILE).fault

    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield from zip(seeds, pool.map(fault, seeds), strict=True)
    finally:
        pool.shutdown(cancel_futures=True)


def test_a_good_call_of_every_rpc_ends_well(healthy: Mapping[str, Outcome]) -> None:
    assert {name: one.fault for name, one in healthy.items() if one.fault} == {}
    assert {name: one.reason for name, one in healthy.items() if one.reason} == {
        "ForgetVoicePrint": Reason.VOICE_PRINT_UNKNOWN,
        "GetObject": Reason.OBJECT_MISSING,
    }


def test_a_call_without_the_one_message_of_its_rpc_is_refused(target: Target) -> None:
    ends = {
        one.name: target.ask(one, [], HOSTILE) for one in RPCS if not one.method.client_streaming
    }
    assert {name: end.fault for name, end in ends.items() if end.fault} == {}
    assert {end.reason for end in ends.values()} == {Reason.ARGUMENT_INVALID}


def test_ten_megabytes_are_more_than_any_rpc_takes(target: Target) -> None:
    ends = {one.name: target.ask(one, [b"a" * 10_000_000], HOSTILE) for one in RPCS}
    assert {name: end.fault for name, end in ends.items() if end.fault} == {}
    assert {end.reason for end in ends.values()} == {Reason.ARGUMENT_INVALID}


@pytest.mark.timeout(0)  # Each call has a limit; how many there are is given by hand.
@pytest.mark.parametrize("rpc", RPCS, ids=lambda rpc: rpc.name)
def test_bad_input_is_refused_with_a_reason_and_harms_nobody(
    target: Target,
    healthy: Mapping[str, Outcome],
    fresh_bytes: Mapping[str, int],
    rpc: Rpc,
    input_count: int,
    first_seed: int,
) -> None:
    # Enrolling again and again would fill the store of the good tenant.
    beside = [one for one in RPCS if one.brick == rpc.brick and one.name != "EnrolVoicePrint"]
    after = first_seed + -(-input_count // len(RPCS))
    for first in range(first_seed, after, CHECK_EVERY):
        seeds = range(first, min(first + CHECK_EVERY, after))
        for seed, fault in faults(target, rpc, seeds):
            assert not fault, f"--first-seed {seed}: {fault}"
        harmed = [
            one.name for one in beside if not target.ask_well(one).like(healthy[one.name], one)
        ]
        assert harmed == [], f"after --first-seed {seeds}"
        assert target.bricks[rpc.brick].is_running()
        growth_bytes = target.memory_bytes(rpc.brick) - fresh_bytes[rpc.brick]
        assert growth_bytes <= GROWTH_BYTES_MAX, f"after --first-seed {seeds}"
