"""An external LLM server in the ledger: a real broker, the llm brick, real processes and memory."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import psutil
import pytest
from google.protobuf.duration_pb2 import Duration

from brickwork.broker.v1 import broker_pb2, broker_pb2_grpc
from brickwork.control.v1 import control_pb2, control_pb2_grpc
from brickwork.llm.v1 import llm_pb2, llm_pb2_grpc
from brickwork_sdk.processes import identify
from brickwork_sdk.testing.llm_server import LlmServerProcess, llm_server

MIB = 1024 * 1024
MODEL_BYTES, TOKEN_BYTES, CAPACITY_BYTES = 160 * MIB, 256 * MIB, 400 * MIB
SECONDS = 60.0
RECLAIM_SECONDS = 10.0


@dataclass(frozen=True)
class Machine:
    """A broker, the llm brick and the server that it represents."""

    kind: str
    server: LlmServerProcess
    brick: "subprocess.Popen[bytes]"
    broker: "broker_pb2_grpc.BrokerServiceStub"
    llm: "llm_pb2_grpc.LlmServiceStub"
    control: "control_pb2_grpc.ControlServiceStub"

    def generate(self) -> str:
        """Return the text of one answer."""
        asked = llm_pb2.ChatMessage(role=llm_pb2.CHAT_ROLE_USER, text="one two three")
        request = llm_pb2.GenerateTextRequest(messages=[asked])
        return "".join(
            event.delta.text for event in self.llm.GenerateText(request, timeout=SECONDS)
        )

    def tokens(self) -> list[broker_pb2.VramToken]:
        request = broker_pb2.ListVramTokensRequest()
        return list(self.broker.ListVramTokens(request, timeout=SECONDS).tokens)

    def charged_bytes(self) -> int:
        answer = self.broker.GetCapacity(broker_pb2.GetCapacityRequest(), timeout=SECONDS)
        return sum(device.charged_bytes for device in answer.devices)

    def unload(self) -> None:
        self.control.UnloadModel(control_pb2.UnloadModelRequest(model="toy"), timeout=SECONDS)


@pytest.fixture(scope="module", params=["ollama", "vllm"])
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    with ExitStack() as stack:
        server = stack.enter_context(llm_server(request.param, MODEL_BYTES))
        # The path of a socket has few bytes, so a test's own folder is too deep.
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="brickwork-")))
        broker, brick = f"unix:{home}/broker.sock", f"unix:{home}/llm.sock"
        settings = {
            "BRICKWORK_BROKER_LISTEN": broker,
            "BRICKWORK_BROKER_ADMIN_LISTEN": f"unix:{home}/admin.sock",
            "BRICKWORK_BROKER_STATE_DIR": str(home / "state"),
            "BRICKWORK_BROKER_CAPACITY_BYTES": str(CAPACITY_BYTES),
            "BRICKWORK_LLM_LISTEN": brick,
            "BRICKWORK_LLM_BROKER": broker,
            "BRICKWORK_LLM_MODELS_DIR": str(home / "models"),
            "BRICKWORK_LLM_OBJECTS_DIR": str(home / "objects"),
            "BRICKWORK_LLM_SERVER_KIND": request.param,
            "BRICKWORK_LLM_SERVER_ADDRESS": server.address,
            "BRICKWORK_LLM_SERVER_MODEL": "toy",
            "BRICKWORK_LLM_SERVER_MEMORY_BYTES": str(TOKEN_BYTES),
        }
        variables = {**os.environ, **settings}
        for module in ("brickwork_broker", "brickwork_llm"):
            process = subprocess.Popen([sys.executable, "-m", module], env=variables)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        lender = stack.enter_context(grpc.insecure_channel(broker))
        door = stack.enter_context(grpc.insecure_channel(brick))
        for channel in (lender, door):
            grpc.channel_ready_future(channel).result(SECONDS)
        yield Machine(
            request.param,
            server,
            process,
            broker_pb2_grpc.BrokerServiceStub(lender),
            llm_pb2_grpc.LlmServiceStub(door),
            control_pb2_grpc.ControlServiceStub(door),
        )


def until(holds: Callable[[], bool], seconds: float = RECLAIM_SECONDS) -> None:
    """Look until it is so."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


@contextmanager
def wanted_by_others(machine: Machine) -> Iterator[None]:
    """Hold what is left of the memory once the model is gone; to have it, the model must go."""
    me = identify(os.getpid())
    assert me is not None
    process = broker_pb2.ProcessIdentity(pid=me.pid, start_ticks=me.start_ticks, boot_id=me.boot_id)
    request = broker_pb2.AcquireVramTokenRequest(
        token_id=f"wanted-{machine.kind}",
        holder="test",
        purpose="something else",
        guaranteed_bytes=CAPACITY_BYTES - MODEL_BYTES,
        ceiling_bytes=CAPACITY_BYTES - MODEL_BYTES,
        work_class=broker_pb2.WORK_CLASS_INTERACTIVE,
        wait=Duration(seconds=30),
        renew_within=Duration(seconds=30),
        process=process,
        secret=b"sixteen bytes or more",
    )
    token = machine.broker.AcquireVramToken(request, timeout=SECONDS).token
    assert token.state == broker_pb2.TOKEN_STATE_GRANTED, token.place.cause
    yield
    release = broker_pb2.ReleaseVramTokenRequest(
        token_id=token.token_id, epoch=token.epoch, secret=request.secret
    )
    machine.broker.ReleaseVramToken(release, timeout=SECONDS)


def test_its_memory_is_under_a_token_and_is_given_back_when_others_need_it(
    machine: Machine,
) -> None:
    assert machine.generate() == "one two three "
    until(lambda: machine.tokens()[0].measured_bytes >= MODEL_BYTES)
    [token] = machine.tokens()
    assert (token.holder, token.purpose) == ("llm", "toy")
    assert token.granted_bytes == TOKEN_BYTES
    with wanted_by_others(machine):
        rest = [token for token in machine.tokens() if token.purpose == "toy"]
        if machine.kind == "ollama":
            assert rest == []
            assert psutil.Process(machine.server.pid).children() == []
        else:
            # It lives on, and what it still has is charged as long as no other token covers it.
            [still] = rest
            assert still.state == broker_pb2.TOKEN_STATE_QUARANTINED
            assert still.measured_bytes <= still.granted_bytes < MODEL_BYTES
    assert psutil.Process(machine.server.pid).is_running()
    assert machine.generate() == "one two three "


def test_it_loads_again_and_again_and_nothing_is_left_behind(machine: Machine) -> None:
    for _ in range(2):
        assert machine.generate() == "one two three "
        until(lambda: machine.charged_bytes() == TOKEN_BYTES)
        machine.unload()
    until(lambda: machine.charged_bytes() < MODEL_BYTES)
    assert len(machine.tokens()) == (0 if machine.kind == "ollama" else 1)


def test_a_killed_brick_leaves_what_its_server_still_has_charged_and_nothing_else(
    machine: Machine,
) -> None:
    assert machine.generate() == "one two three "
    machine.brick.kill()
    if machine.kind == "ollama":
        until(lambda: machine.charged_bytes() == 0, 2 * RECLAIM_SECONDS)
    else:
        # Nobody tells it to sleep any more, and it does not do so by itself.
        until(lambda: machine.tokens()[-1].state == broker_pb2.TOKEN_STATE_QUARANTINED)
        assert machine.charged_bytes() >= MODEL_BYTES
        os.kill(machine.server.pid, signal.SIGKILL)
        until(lambda: machine.charged_bytes() == 0)
