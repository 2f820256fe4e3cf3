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
