"""The broker as a process: started, killed, started again."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from brickwork.broker.v1 import broker_pb2 as pb
from brickwork.broker.v1 import broker_pb2_grpc
from brickwork_sdk.processes import identify

Process = subprocess.Popen[str]
SECRET = b"sixteen bytes..."
SECONDS = 60.0
OPTIONS = [("grpc.max_reconnect_backoff_ms", 200)]


@pytest.fixture
def home() -> Iterator[Path]:
    # The path of a socket has few bytes, so a test's own folder is too deep.
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        yield Path(folder)


def settings(home: Path, **others: str) -> dict[str, str]:
    return {
        **os.environ,
        "BRICKWORK_BROKER_LISTEN": f"unix:{home}/broker.sock",
        "BRICKWORK_BROKER_STATE_DIR": str(home / "state"),
        **others,
    }


def start(home: Path, others: Mapping[str, str], log: int | IO[bytes] = subprocess.PIPE) -> Process:
    return subprocess.Popen(
        [sys.executable, "-m", "brickwork_broker"],
        env=settings(home, **others),
        stderr=log,
        text=True,
    )


@contextmanager
def broker(
    home: Path, **others: str
) -> Iterator[tuple["subprocess.Popen[str]", "broker_pb2_grpc.BrokerServiceStub"]]:
    # Nobody reads while it runs, and who writes into a pipe that is full waits.
    with (home / "broker.log").open("ab") as log:
        process = start(home, {"BRICKWORK_BROKER_CAPACITY_BYTES": "100", **others}, log)
    try:
        with grpc.insecure_channel(f"unix:{home}/broker.sock", OPTIONS) as channel:
            grpc.channel_ready_future(channel).result(SECONDS)
            yield process, broker_pb2_grpc.BrokerServiceStub(channel)
    finally:
        process.kill()
        process.wait()


def acquire() -> pb.AcquireVramTokenRequest:
    me = identify(os.getpid())
    assert me is not None
    return pb.AcquireVramTokenRequest(
        token_id="token-01",
        holder="asr",
        purpose="whisper-base",
        guaranteed_bytes=60,
        ceiling_bytes=60,
        renew_within=Duration(seconds=5),
        secret=SECRET,
        process=pb.ProcessIdentity(pid=me.pid, start_ticks=me.start_ticks, boot_id=me.boot_id),
    )


def test_a_killed_broker_loses_no_token_and_goes_on_once_its_holder_is_back(home: Path) -> None:
    with broker(home) as (process, stub):
        first = stub.AcquireVramToken(acquire(), timeout=SECONDS).token
        process.send_signal(signal.SIGKILL)
        process.wait()
    with broker(home) as (process, stub):
        assert stub.GetCapacity(pb.GetCapacityRequest(), timeout=SECONDS).recovering
        (held,) = stub.ListVramTokens(pb.ListVramTokensRequest(), timeout=SECONDS).tokens
        assert (held.token_id, held.epoch, held.granted_bytes) == ("token-01", first.epoch, 60)
        renewal = pb.RenewVramTokenRequest(token_id="token-01", epoch=first.epoch, secret=SECRET)
        stub.RenewVramToken(renewal, timeout=SECONDS)
        assert not stub.GetCapacity(pb.GetCapacityRequest(), timeout=SECONDS).recovering
        release = pb.ReleaseVramTokenRequest(token_id="token-01", epoch=first.epoch, secret=SECRET)
        released = stub.ReleaseVramToken(release, timeout=SECONDS)
        assert released.token.state == pb.TOKEN_STATE_RELEASED
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0


@pytest.mark.parametrize(
    ("others", "reason", "named"),
    [
        ({"BRICKWORK_BROKER_DEVICE": "tpu"}, "SETTING_INVALID", "DEVICE"),
        ({"BRICKWORK_BROKER_CAPACITY_BYTES": "0"}, "SETTING_INVALID", "CAPACITY_BYTES"),
        ({"BRICKWORK_BROKER_STATE_DIR": "/dev/null"}, "STORAGE_FULL", "/dev/null"),
    ],
)
def test_a_wrong_setting_is_one_sentence(
    home: Path, others: dict[str, str], reason: str, named: str
) -> None:
    said = start(home, others)
    _, stderr = said.communicate(timeout=SECONDS)
    assert said.returncode == 1
    assert stderr.endswith(f"[{reason}]\n")
    assert named in stderr
    assert len(stderr.splitlines()) == 1


def test_a_damaged_journal_is_one_sentence_and_is_left_as_it_is(home: Path) -> None:
    journal = home / "state" / "journal"
    journal.parent.mkdir()
    journal.write_text("not a journal\n")
    said = start(home, {})
    _, stderr = said.communicate(timeout=SECONDS)
    assert said.returncode == 1
    assert stderr.endswith("[BROKER_JOURNAL_UNUSABLE]\n")
    assert journal.read_text() == "not a journal\n"
