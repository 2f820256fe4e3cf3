"""The mesh in containers, with the images that `make images` has built."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from brickwork_cli.plan import BRICKS, WORK_CLASSES
from brickwork_sdk.testing.recordings import slide, tone, write_recording
from tests.docker.stack import Stack
from tools.demo import missing

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

FREE_SECONDS_MAX = 10.0
KILL = "import os, sys; os.kill(int(sys.argv[1]), 9)"
READ_METRICS = """
import sys, urllib.request
for name in sys.argv[1:]:
    with urllib.request.urlopen(f"http://{name}:9464/metrics", timeout=10) as answer:
        assert b"process_cpu_seconds_total" in answer.read()
    print(name)
"""
KNOW_A_VOICE = """
import sys, tempfile
from pathlib import Path
import grpc
from brickwork.common.v1.common_pb2 import Media
from brickwork.diarize.v1 import diarize_pb2, voice_prints_pb2 as wire, voice_prints_pb2_grpc
from brickwork_sdk.testing.recordings import tone, write_recording
sound = write_recording(Path(tempfile.gettempdir(), "ann.wav"), tone(4)).read_bytes()
sample = diarize_pb2.EmbedSpeakerRequest(media=Media(inline=sound))
with grpc.insecure_channel("127.0.0.1:50051") as channel:
    voices = voice_prints_pb2_grpc.VoicePrintServiceStub(channel)
    if sys.argv[1] == "enrol":
        consent = wire.Consent(given_by="Ann", purpose="Minutes")
        consent.given_time.FromJsonString("2020-01-01T09:00:00Z")
        consent.expire_time.FromJsonString("2099-11-20T09:00:00Z")
        order = wire.EnrolVoicePrintRequest(name="Ann", consent=consent, sample=sample)
        voices.EnrolVoicePrint(order, timeout=60)
    match = voices.MatchVoice(wire.MatchVoiceRequest(sample=sample), timeout=60).match
print(match.name or "nobody")
"""


@pytest.fixture(scope="module")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    slides = [slide(40)] * 20 + [slide(200)] * 20
    path = tmp_path_factory.mktemp("recordings") / "meeting.mkv"
    return write_recording(path, tone(4), slides=slides)


def test_nobody_is_root_and_nothing_is_written_outside_volumes(stack: Stack) -> None:
    containers = stack.containers()
    assert len(containers) == 11
    for one in containers:
        assert one["State"]["Health"]["Status"] == "healthy", one["Name"]
        assert one["Config"]["User"] == "10001:10001"
        assert one["HostConfig"]["ReadonlyRootfs"]
        assert one["HostConfig"]["CapDrop"] == ["ALL"]
        assert not one["HostConfig"]["Privileged"]
    tried = "import os; print(os.getuid(), os.access('/opt/brickwork', os.W_OK))"
    assert stack.compose("exec", "-T", "asr", "python", "-c", tried).split() == ["10001", "False"]


def test_the_gateway_is_published_on_loopback_and_the_mesh_leads_nowhere(stack: Stack) -> None:
    (gateway,) = stack.containers("gateway")
    bindings = gateway["NetworkSettings"]["Ports"]["8600/tcp"]
    assert [binding["HostIp"] for binding in bindings] == ["127.0.0.1"]
    mesh = f"{stack.project}_mesh"
    assert stack.network(mesh)["Internal"] is True
    for one in stack.containers():
        networks = set(one["NetworkSettings"]["Networks"])
        assert networks == (
            {mesh, f"{stack.project}_door"} if one["Id"] == gateway["Id"] else {mesh}
        )


def test_every_process_of_ours_serves_metrics_inside_the_mesh(stack: Stack) -> None:
    names = ["broker", *BRICKS, "gateway", *(f"worker-{each}" for each in WORK_CLASSES)]
    told = stack.compose("exec", "-T", "asr", "python", "-c", READ_METRICS, *names)
    assert told.split() == names


def test_a_job_delivers_every_part_and_both_replicas_work_on_jobs(
    stack: Stack, meeting: Path
) -> None:
    # All at once, because a stage goes to the replica with the least to do.
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(stack.result_of, [meeting] * 4))
    assert [part for result in results for part in missing(result)] == []
    holders = [token["holder"] for token in stack.tokens()]
    assert sorted(holders) == sorted([*BRICKS, "asr"])
    assert all(int(token["measuredBytes"]) > 1_000_000 for token in stack.tokens())


def test_a_killed_container_gives_its_memory_back_and_is_started_again(
    stack: Stack, meeting: Path
) -> None:
    stack.result_of(meeting)
    (victim,) = stack.containers("translate")
    assert "translate" in {token["holder"] for token in stack.tokens()}
    # The broker alone sees the host's pids, and is the same user: no right is needed here for it.
    pid = str(victim["State"]["Pid"])
    stack.compose("exec", "-T", "broker", "python", "-c", KILL, pid)
    began = time.monotonic()
    while "translate" in {token["holder"] for token in stack.tokens()}:
        assert time.monotonic() - began < FREE_SECONDS_MAX
    assert list(missing(stack.result_of(meeting))) == []
    (again,) = stack.containers("translate")
    assert again["RestartCount"] == 1


def test_a_voice_print_outlives_the_container_that_enrolled_it(stack: Stack) -> None:
    in_diarize = ("exec", "-T", "diarize", "python", "-c", KNOW_A_VOICE)
    assert stack.compose(*in_diarize, "meet").split() == ["nobody"]
    assert stack.compose(*in_diarize, "enrol").split() == ["Ann"]
    (before,) = stack.containers("diarize")
    stack.compose("up", "--detach", "--wait", "--force-recreate", "--no-deps", "diarize")
    (after,) = stack.containers("diarize")
    assert after["Id"] != before["Id"]
    assert stack.compose(*in_diarize, "meet").split() == ["Ann"]
