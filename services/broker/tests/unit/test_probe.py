import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from brickwork_broker.core.request import Process
from brickwork_broker.core.sight import Sight
from brickwork_broker.node.nvml_probe import NvmlProbe
from brickwork_broker.node.probe import HostProbe
from brickwork_broker.node.process_memory import Peaks, ProcessMemory
from brickwork_sdk.processes import identify
from brickwork_sdk.testing.nvml import FakeNvml, Memory, Running, Sample

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
    process = process_of(child)
    sight = HostProbe().look([process])
    assert sight.gone == frozenset()
    assert 1_000_000 < sight.readings[process] <= sight.peaks[process]
    assert process in sight.activity


HOLDER = """
import mmap, sys
held = bytearray(64 << 20)
print(flush=True)
input()
del held
with open(sys.executable, "rb") as file:
    pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    sum(pages[::4096])
    print(flush=True)
    input()
"""


def test_memory_of_its_own_counts_and_pages_of_files_do_not() -> None:
    command = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        probe, process = HostProbe(), process_of(holder)
        held = probe.look([process])
        assert held.readings[process] > 64 << 20
        holder.stdin.write(b"\n")
        holder.stdin.flush()
        holder.stdout.readline()
        mapped = probe.look([process])
        assert mapped.readings[process] < held.readings[process] - (60 << 20)
        assert held.peaks[process] <= mapped.peaks[process] < held.peaks[process] + (4 << 20)
        holder.kill()


def test_a_peak_between_two_looks_is_seen() -> None:
    peaks, process = Peaks(), Process("boot-1", 9, 77)
    assert peaks.raise_to(process, ProcessMemory(100, 40, 140)) == 100
    assert peaks.raise_to(process, ProcessMemory(100, 50, 650)) == 600
    # A record that the kernel was told to forget is remembered here.
    assert peaks.raise_to(process, ProcessMemory(100, 50, 150)) == 600
    peaks.forget([process])
    assert peaks.raise_to(process, ProcessMemory(100, 50, 150)) == 100


def test_a_stopped_process_is_not_gone(child: Child) -> None:
    child.send_signal(signal.SIGSTOP)
    assert HostProbe().look([process_of(child)]).gone == frozenset()


def test_a_killed_process_is_gone(child: Child) -> None:
    process = process_of(child)
    child.kill()
    child.wait()
    sight = HostProbe().look([process])
    assert sight.gone == {process}
    assert (sight.readings, sight.peaks, sight.activity) == ({}, {}, {})


def test_a_process_of_another_boot_or_another_start_is_gone(child: Child) -> None:
    process = process_of(child)
    others = {replace(process, boot_id="before"), replace(process, start_ticks=1)}
    assert HostProbe().look([process, *others]).gone == others


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
    assert probe.look([process]).readings == {}
    (proc / "9/status").write_text("Name:\tkthread\n")
    assert probe.look([process]).readings == {}


def test_the_machine_is_read_when_no_group_limits_it(proc: Path, tmp_path: Path) -> None:
    sight = HostProbe(proc, tmp_path / "cgroup").look(())
    assert (sight.total_bytes, sight.used_bytes) == (1_024_000, 614_400)


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
    assert HostProbe(proc, tmp_path / "cgroup").look(()).total_bytes == total_bytes


def test_what_cannot_be_seen_is_neither_gone_nor_read_and_hides_nobody(
    proc: Path, child: Child
) -> None:
    # What is no folder cannot be asked for the process's state: an error, not an absence.
    (proc / "8").touch()
    stat(proc, "S", 1)
    seen, unseen = Process("boot-1", 9, 77), Process("boot-1", 8, 77)
    sight = HostProbe(proc).look([unseen, seen])
    assert sight.gone == frozenset()
    assert set(sight.activity) == {seen}


def test_a_process_holds_gpu_memory_until_the_driver_lets_it_go(child: Child) -> None:
    process = process_of(child)
    nvml = FakeNvml(Memory(total=80, used=30), [Running(process.pid, 20)])
    with NvmlProbe(nvml, HostProbe()) as probe:
        sight = probe.look([process])
        assert (sight.device, sight.total_bytes, sight.used_bytes) == ("cuda:0", 80, 30)
        assert (sight.readings, sight.gone) == ({process: 20}, frozenset())
        nvml.running[0].usedGpuMemory = 15
        sight = probe.look([process])
        assert (sight.readings, sight.peaks) == ({process: 15}, {process: 20})
        child.kill()
        child.wait()
        assert probe.look([process]).gone == frozenset()
        nvml.running.clear()
        sight = probe.look([process])
        assert sight.gone == {process}
        assert sight.readings == {}
    assert not nvml.is_open


def test_a_process_that_the_driver_cannot_measure_has_no_reading(child: Child) -> None:
    process = process_of(child)
    nvml = FakeNvml(Memory(total=80, used=30), [Running(process.pid, None)])
    with NvmlProbe(nvml, HostProbe()) as probe:
        assert probe.look([process]).readings == {}
        nvml.running.clear()
        assert probe.look([process]).readings == {process: 0}


def test_a_driver_that_does_not_answer_is_no_evidence_of_anything(child: Child) -> None:
    process = process_of(child)
    nvml = FakeNvml(Memory(total=80, used=30), [Running(process.pid, 20)])
    with NvmlProbe(nvml, HostProbe()) as probe:
        nvml.is_lost = True
        assert probe.look([process]) == Sight("cuda:0", 80)
        child.kill()
        child.wait()
        assert probe.look([process]).gone == frozenset()
        nvml.is_lost, nvml.running = False, []
        assert probe.look([process]).gone == {process}


def test_what_a_gpu_works_for_a_process_adds_up(child: Child) -> None:
    process = process_of(child)
    nvml = FakeNvml(Memory(total=80, used=30), [Running(process.pid, 20)])
    with NvmlProbe(nvml, HostProbe()) as probe:
        assert probe.look([process]).activity == {process: 0}
        nvml.samples = [Sample(process.pid, 9_000_000, 50), Sample(1, 9_100_000, 100)]
        assert probe.look([process]).activity == {process: 0.5}
        # A look at nobody takes the driver's samples, too.
        nvml.samples = [Sample(process.pid, 9_600_000, 100)]
        probe.look([])
        nvml.samples = []
        assert probe.look([process]).activity == {process: 1.0}


def test_a_gpu_that_tells_no_work_makes_nobody_look_idle(child: Child) -> None:
    nvml = FakeNvml(Memory(total=80, used=30), samples=None)
    with NvmlProbe(nvml, HostProbe()) as probe:
        assert probe.look([process_of(child)]).activity == {}


def test_a_gpu_that_cannot_be_asked_is_refused_at_the_start() -> None:
    nvml = FakeNvml(Memory(total=80, used=30), is_lost=True)
    with pytest.raises(nvml.NVMLError):
        NvmlProbe(nvml, HostProbe())
