import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from brickwork_broker.messages import Process
from brickwork_broker.nvml_probe import NvmlProbe
from brickwork_broker.probe import HostProbe
from brickwork_sdk.processes import identify
from brickwork_sdk.testing.nvml import FakeNvml, Memory, Running

Child = subprocess.Popen[bytes]


@pytest.fixture
def child() -> Iterator[Child]:
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # by now it is what it will be, and not its parent's copy
        yield process
        process.kill()


def process_of(child: Child) -> Process:
    identity = identify(child.pid)
    assert identity is not None
    return Process(identity.boot_id, identity.pid, identity.start_ticks)


def test_a_live_process_is_not_gone_and_its_memory_is_read(child: Child) -> None:
    probe = HostProbe()
    assert not probe.is_gone(process_of(child))
    assert (probe.used_bytes(process_of(child)) or 0) > 1_000_000


def test_a_stopped_process_is_not_gone(child: Child) -> None:
    child.send_signal(signal.SIGSTOP)
    assert not HostProbe().is_gone(process_of(child))


def test_a_killed_process_is_gone(child: Child) -> None:
    process = process_of(child)
    child.kill()
    child.wait()
    assert HostProbe().is_gone(process)
    assert HostProbe().used_bytes(process) is None


def test_a_process_of_another_boot_or_another_start_is_gone(child: Child) -> None:
    process = process_of(child)
    assert HostProbe().is_gone(replace(process, boot_id="before"))
    assert HostProbe().is_gone(replace(process, start_ticks=process.start_ticks + 1))


MEMINFO = "MemTotal:        1000 kB\nMemFree: 100 kB\nMemAvailable:     400 kB\n"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    proc = tmp_path / "proc"
    (proc / "sys/kernel/random").mkdir(parents=True)
    (proc / "sys/kernel/random/boot_id").write_text("boot-1\n")
    (proc / "meminfo").write_text(MEMINFO)
    (proc / "self").mkdir()
    (proc / "self/cgroup").write_text("0::/\n")
    return proc


def stat(proc: Path, state: str, threads: int) -> None:
    fields = [state, "1", *["0"] * 15, str(threads), "0", "77", "0"]
    (proc / "9").mkdir(exist_ok=True)
    (proc / "9/stat").write_text(f"9 (a) b) {' '.join(fields)}\n")


@pytest.mark.parametrize(
    ("state", "threads", "is_gone"), [("S", 1, False), ("Z", 2, False), ("Z", 1, True)]
)
def test_a_zombie_is_gone_once_its_last_thread_is(
    proc: Path, state: str, threads: int, is_gone: bool
) -> None:
    stat(proc, state, threads)
    assert HostProbe(proc).is_gone(Process("boot-1", 9, 77)) is is_gone


def test_memory_of_a_process_that_shows_none_is_unknown(proc: Path) -> None:
    stat(proc, "S", 1)
    probe, process = HostProbe(proc), Process("boot-1", 9, 77)
    assert probe.used_bytes(process) is None
    (proc / "9/status").write_text("Name:\tkthread\n")
    assert probe.used_bytes(process) is None


def test_the_machine_is_read_when_no_group_limits_it(proc: Path, tmp_path: Path) -> None:
    reading = HostProbe(proc, tmp_path / "cgroup").read()
    assert (reading.total_bytes, reading.used_bytes) == (1_024_000, 614_400)


@pytest.mark.parametrize(
    ("own", "limits", "total_bytes"),
    [
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": "5000"}, 5_000),
        ("0::/a\n", {"a/memory.max": "9000000000"}, 1_024_000),
        ("3:cpu:/a\n4:memory:/a\n", {"memory/a/memory.limit_in_bytes": "6000"}, 6_000),
        ("4:memory:/gone\n", {"memory/memory.limit_in_bytes": "7000"}, 7_000),
    ],
)
def test_the_tightest_limit_of_a_control_group_counts(
    proc: Path, tmp_path: Path, own: str, limits: dict[str, str], total_bytes: int
) -> None:
    (proc / "self/cgroup").write_text(own)
    for name, text in limits.items():
        limit = tmp_path / "cgroup" / name
        limit.parent.mkdir(parents=True, exist_ok=True)
        limit.write_text(text + "\n")
    assert HostProbe(proc, tmp_path / "cgroup").read().total_bytes == total_bytes


def test_a_process_holds_gpu_memory_until_the_driver_lets_it_go(child: Child) -> None:
    process = process_of(child)
    nvml = FakeNvml(Memory(total=80, used=30), [Running(process.pid, 20)])
    with NvmlProbe(nvml, HostProbe()) as probe:
        assert probe.device == "cuda:0"
        assert (probe.read().total_bytes, probe.read().used_bytes) == (80, 30)
        assert probe.used_bytes(process) == 20
        assert not probe.is_gone(process)
        child.kill()
        child.wait()
        assert not probe.is_gone(process)
        nvml.running.clear()
        assert probe.is_gone(process)
        assert probe.used_bytes(process) is None
    assert not nvml.is_open


def test_a_process_that_the_driver_cannot_measure_has_no_reading(child: Child) -> None:
    process = process_of(child)
    nvml = FakeNvml(Memory(total=80, used=30), [Running(process.pid, None)])
    with NvmlProbe(nvml, HostProbe()) as probe:
        assert probe.used_bytes(process) is None
        nvml.running.clear()
        assert probe.used_bytes(process) == 0


def test_a_driver_that_does_not_answer_is_no_evidence_of_anything(child: Child) -> None:
    process = process_of(child)
    nvml = FakeNvml(Memory(total=80, used=30), [Running(process.pid, 20)])
    with NvmlProbe(nvml, HostProbe()) as probe:
        nvml.is_lost = True
        assert probe.used_bytes(process) is None
        assert (probe.read().total_bytes, probe.read().used_bytes) == (80, None)
        child.kill()
        child.wait()
        assert not probe.is_gone(process)
        nvml.is_lost, nvml.running = False, []
        assert probe.is_gone(process)


def test_a_gpu_that_cannot_be_asked_is_refused_at_the_start() -> None:
    nvml = FakeNvml(Memory(total=80, used=30), is_lost=True)
    with pytest.raises(nvml.NVMLError):
        NvmlProbe(nvml, HostProbe())
