"""A broker's probe on the other end of a stream: a probe process of its own, stopped and killed."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import grpc
import pytest

from brickwork.broker.v1 import broker_pb2, probe_pb2_grpc
from brickwork.broker.v1 import probe_pb2 as pb
from brickwork_broker.core.request import Process
from brickwork_broker.core.sight import Sight
from brickwork_broker.node import probe_wire, remote_probe
from brickwork_broker.node.pid_namespaces import PidNamespaces
from brickwork_broker.node.probe import HostProbe
from brickwork_broker.node.probe_servicer import PROCESSES_MAX, ProbeServicer
from brickwork_broker.node.remote_probe import RemoteProbe
from brickwork_sdk.channels import open_channel, rpc_errors
from brickwork_sdk.errors import BrickworkError, Busy, InvalidInput, Reason
from brickwork_sdk.processes import identify
from brickwork_sdk.server import running
from services.broker.tests.unit.test_broker_process import SECRET, acquire, broker

SECONDS = 30.0
Child = subprocess.Popen[bytes]


@pytest.fixture
def home() -> Iterator[Path]:
    # The path of a socket has few bytes, so a test's own folder is too deep.
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        yield Path(folder)


@pytest.fixture
def child() -> Iterator[Child]:
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def process_of(pid: int) -> Process:
    identity = identify(pid)
    assert identity is not None
    return Process(identity.boot_id, identity.pid, identity.start_ticks)


@dataclass
class Served:
    """A probe in a process of its own, and where it answers."""

    address: str
    process: Child

    @classmethod
    def in_folder(cls, home: Path) -> "Served":
        address = f"unix:{home}/probe.sock"
        command = [sys.executable, "-m", "brickwork_broker.node.probe_process"]
        environment = {**os.environ, "BRICKWORK_PROBE_LISTEN": address}
        return cls(address, subprocess.Popen(command, env=environment))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """One that outlives the tests: they may freeze it for a while."""
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        probe = Served.in_folder(Path(folder))
        yield probe
        probe.kill()


@pytest.fixture
def freeze(served: Served) -> Iterator[Callable[[], None]]:
    """Freeze it, until the end of the test at most."""
    yield lambda: served.process.send_signal(signal.SIGSTOP)
    served.process.send_signal(signal.SIGCONT)


def test_what_a_probe_elsewhere_sees_is_what_one_here_sees(served: Served, child: Child) -> None:
    alive, reused = process_of(child.pid), replace(process_of(child.pid), start_ticks=1)
    before = replace(alive, boot_id="an earlier boot")
    with RemoteProbe(served.address) as probe:
        assert probe.device == "host"
        seen = probe.look([alive, reused, before])
        assert seen.gone == {reused, before}
        assert seen.total_bytes == HostProbe().look(()).total_bytes
        assert 1_000_000 < seen.readings[alive] <= seen.peaks[alive]
        assert seen.activity[alive] >= 0
        child.kill()
        child.wait()
        assert probe.look([alive]).gone == {alive}


def test_a_silent_probe_is_no_evidence_and_a_new_one_knows_all_that_it_knew(
    home: Path, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive, first = process_of(child.pid), Served.in_folder(home)
    with RemoteProbe(first.address) as probe:
        total_bytes = probe.look([alive]).total_bytes
        monkeypatch.setattr(remote_probe, "LOOK_SECONDS", 0.1)
        first.process.send_signal(signal.SIGSTOP)
        child.kill()
        child.wait()
        assert probe.look([alive]) == Sight("host", total_bytes)
        first.kill()
        assert probe.look([alive]) == Sight("host", total_bytes)
        monkeypatch.setattr(remote_probe, "LOOK_SECONDS", SECONDS)
        second = Served.in_folder(home)
        assert probe.look([alive]).gone == {alive}
        second.kill()


def test_an_answer_that_comes_late_is_not_taken_for_that_of_another_question(
    served: Served, freeze: Callable[[], None], child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive, reused = process_of(child.pid), replace(process_of(child.pid), start_ticks=1)
    with RemoteProbe(served.address) as probe:
        monkeypatch.setattr(remote_probe, "LOOK_SECONDS", 0.1)
        freeze()
        assert probe.look([reused]).gone == frozenset()
        served.process.send_signal(signal.SIGCONT)
        monkeypatch.setattr(remote_probe, "LOOK_SECONDS", SECONDS)
        seen = probe.look([alive])
        assert seen.gone == frozenset()
        assert alive in seen.readings


def test_a_process_that_was_found_is_known_while_the_probe_is_away(
    served: Served, freeze: Callable[[], None], child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive = process_of(child.pid)
    with RemoteProbe(served.address) as probe:
        assert probe.find(alive, 0) == alive
        assert probe.find(alive, PidNamespaces(HostProbe()).own) == alive
        assert probe.find(alive, 4_242) is None
        with pytest.raises(InvalidInput, match="needs its pid"):
            probe.find(Process("boot", 0, 0), 0)
        freeze()
        monkeypatch.setattr(remote_probe, "FIND_SECONDS", 0.1)
        assert probe.find(alive, 0) == alive
        with pytest.raises(Busy, match="does not answer"):
            probe.find(process_of(os.getpid()), 0)


def test_a_probe_that_is_not_there_is_one_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_probe, "START_SECONDS", 0.1)
    with pytest.raises(Busy, match="does not answer") as raised:
        RemoteProbe(f"unix:{home}/probe.sock")
    assert raised.value.reason is Reason.BRICK_UNREACHABLE


def test_a_broker_has_one_probe(home: Path) -> None:
    with pytest.raises(InvalidInput, match="names several probes"):
        RemoteProbe(f"unix:{home}/a.sock,unix:{home}/b.sock")


class BlindProbe:
    """Sees nothing; tells how often it was asked about whom."""

    device = "host"

    def __init__(self) -> None:
        self.asked: list[Collection[Process]] = []

    def look(self, processes: Collection[Process]) -> Sight:
        self.asked.append(processes)
        return Sight(self.device, 1)


async def test_a_probe_tells_again_without_being_asked_and_refuses_nonsense(home: Path) -> None:
    blind = BlindProbe()
    servicer = ProbeServicer(blind, PidNamespaces(HostProbe()))
    named = probe_wire.identity(Process("boot", 1, 1))
    async with (
        running(
            ["brickwork.broker.v1.ProbeService"],
            lambda server: probe_pb2_grpc.add_ProbeServiceServicer_to_server(servicer, server),
            service="probe",
            address=f"unix:{home}/probe.sock",
            drain_seconds=0.0,
        ),
        open_channel(f"unix:{home}/probe.sock") as channel,
    ):
        stub = probe_pb2_grpc.ProbeServiceStub(channel)

        async def refusal(*questions: pb.WatchNodeRequest) -> Reason:
            with pytest.raises(BrickworkError) as raised, rpc_errors("probe"):
                async for _ in stub.WatchNode(iter(questions), timeout=SECONDS):
                    pass
            return raised.value.reason

        call = stub.WatchNode(timeout=SECONDS)
        await call.write(pb.WatchNodeRequest(processes=[named], sequence=7))
        for _ in range(2):
            answer = await call.read()
            assert isinstance(answer, pb.WatchNodeResponse)
            assert (answer.sequence, answer.HasField("used_bytes")) == (7, False)
        assert blind.asked == [(Process("boot", 1, 1),)] * 2
        call.cancel()
        assert await refusal() is Reason.STREAM_ORDER_INVALID
        nobody = pb.WatchNodeRequest(processes=[probe_wire.identity(Process("", 0, 0))])
        assert await refusal(nobody) is Reason.VRAM_REQUEST_INVALID
        crowd = pb.WatchNodeRequest(processes=[named] * (PROCESSES_MAX + 1))
        assert await refusal(crowd) is Reason.VRAM_REQUEST_INVALID
        with pytest.raises(grpc.RpcError):
            await stub.FindProcess(pb.FindProcessRequest(), timeout=SECONDS)


@pytest.mark.parametrize(
    "sight",
    [
        Sight("host", 10),
        Sight(
            "cuda:0",
            10,
            0,
            frozenset([Process("boot", 1, 1)]),
            {Process("boot", 2, 2): 0},
            {Process("boot", 2, 2): 9},
            {Process("boot", 3, 3): 1.25},
        ),
    ],
)
def test_a_sight_crosses_the_wire_as_it_is(sight: Sight) -> None:
    asked = [Process("boot", number, number) for number in (1, 2, 3)]
    assert probe_wire.sight(probe_wire.answer(sight, 1), asked) == sight
    nobody = probe_wire.sight(probe_wire.answer(sight, 1), [])
    assert nobody == Sight(sight.device, sight.total_bytes, sight.used_bytes)


def test_a_broker_waits_for_the_evidence_of_a_probe_that_is_frozen(
    home: Path, served: Served, freeze: Callable[[], None], child: Child
) -> None:
    probe = {
        "BRICKWORK_BROKER_PROBE": served.address,
        "BRICKWORK_BROKER_CAPACITY_BYTES": str(1 << 40),
    }
    with broker(home, **probe) as (_, stub):
        token = stub.AcquireVramToken(acquire(), timeout=SECONDS).token
        renewal = broker_pb2.RenewVramTokenRequest(
            token_id=token.token_id,
            epoch=token.epoch,
            secret=SECRET,
            users=[probe_wire.identity(process_of(child.pid))],
        )
        stub.RenewVramToken(renewal, timeout=SECONDS)
        freeze()
        child.kill()
        child.wait()
        release = broker_pb2.ReleaseVramTokenRequest(
            token_id=token.token_id, epoch=token.epoch, secret=SECRET
        )
        released = stub.ReleaseVramToken(release, timeout=SECONDS).token
        assert released.state == broker_pb2.TOKEN_STATE_QUARANTINED
        served.process.send_signal(signal.SIGCONT)
        while released.state != broker_pb2.TOKEN_STATE_RELEASED:
            released = stub.ReleaseVramToken(release, timeout=SECONDS).token
