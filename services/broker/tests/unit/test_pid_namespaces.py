"""Processes that count themselves otherwise than the broker does, as those of containers do."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from brickwork_broker.core.request import Process
from brickwork_broker.node.pid_namespaces import PidNamespaces
from brickwork_broker.node.probe import HostProbe
from brickwork_sdk.processes import identify

BOOT = "this-boot"
INNER = """
import dataclasses, json, os
from brickwork_sdk.processes import identify
print(json.dumps(dataclasses.asdict(identify(os.getpid()))), flush=True)
input()
"""

Child = subprocess.Popen[str]


class Proc:
    """A procfs in a folder; namespaces are files, since an inode is all that is known of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "sys/kernel/random").mkdir(parents=True)
        (root / "sys/kernel/random/boot_id").write_text(BOOT)
        self.own = self.namespace("own")
        self._link(root / "self", "own")

    def namespace(self, name: str) -> int:
        path = self.root / name
        path.touch()
        return path.stat().st_ino

    def start(self, pid: int, inner_pid: int, namespace: str, start_ticks: int) -> None:
        folder = self.root / str(pid)
        self._link(folder, namespace)
        (folder / "status").write_text(f"Name:\tbrick\nNSpid:\t{pid}\t{inner_pid}\n")
        between = " ".join(["1"] * 18)
        (folder / "stat").write_text(f"{pid} (a brick) S {between} {start_ticks} 0\n")

    def end(self, pid: int) -> None:
        (self.root / str(pid)).rename(self.root / f"gone-{pid}")

    def _link(self, folder: Path, namespace: str) -> None:
        (folder / "ns").mkdir(parents=True)
        (folder / "ns/pid").hardlink_to(self.root / namespace)


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path)


@pytest.fixture
def namespaces(proc: Proc) -> PidNamespaces:
    return PidNamespaces(HostProbe(proc.root), proc.root)


def test_two_containers_that_started_at_once_are_told_apart(
    proc: Proc, namespaces: PidNamespaces
) -> None:
    first, second = proc.namespace("first"), proc.namespace("second")
    proc.start(101, 7, "first", 5_000)
    proc.start(102, 7, "second", 5_000)
    named = Process(BOOT, 7, 5_000)
    assert namespaces.find(named, second) == Process(BOOT, 102, 5_000)
    assert namespaces.find(named, first) == Process(BOOT, 101, 5_000)


def test_a_process_of_another_start_or_boot_is_not_meant(
    proc: Proc, namespaces: PidNamespaces
) -> None:
    container = proc.namespace("container")
    proc.start(101, 7, "container", 5_000)
    assert namespaces.find(Process(BOOT, 7, 4_999), container) is None
    assert namespaces.find(Process("before", 7, 5_000), container) is None
    assert namespaces.find(Process(BOOT, 101, 5_000), container) is None


def test_one_that_was_seen_and_has_ended_keeps_its_name_and_a_new_one_is_not_taken_for_it(
    proc: Proc, namespaces: PidNamespaces
) -> None:
    container = proc.namespace("container")
    proc.start(101, 7, "container", 5_000)
    named = Process(BOOT, 7, 5_000)
    seen = namespaces.find(named, container)
    proc.end(101)
    proc.start(101, 7, "container", 6_000)
    assert namespaces.find(named, container) == seen
    assert seen is not None
    assert HostProbe(proc.root).is_gone(seen)


def test_one_whose_namespace_may_not_be_read_is_not_known(
    proc: Proc, namespaces: PidNamespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = proc.namespace("container")
    proc.start(101, 7, "container", 5_000)
    stat = Path.stat

    def refusing(path: Path, **options: bool) -> object:
        if path == proc.root / "101/ns/pid":
            raise PermissionError
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", refusing)
    assert namespaces.find(Process(BOOT, 7, 5_000), container) is None


@pytest.fixture
def contained() -> Iterator[Child]:
    """A real process that has the id 1 in a pid namespace of its own."""
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable]
    with subprocess.Popen(
        [*command, "-c", INNER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        yield child
        child.kill()


def test_a_real_process_of_another_namespace_is_found_and_its_end_is_seen(contained: Child) -> None:
    assert contained.stdout is not None
    told = contained.stdout.readline()
    if not told:
        pytest.skip("this user may not make a pid namespace")
    inner = json.loads(told)
    assert inner["pid"] == 1
    me = identify(contained.pid)
    assert me is not None
    assert inner["pid_namespace"] != me.pid_namespace
    host = HostProbe()
    namespaces = PidNamespaces(host)
    assert namespaces.own == me.pid_namespace
    named = Process(inner["boot_id"], inner["pid"], inner["start_ticks"])
    found = namespaces.find(named, inner["pid_namespace"])
    assert found is not None
    assert found.pid not in (1, contained.pid)
    assert not host.is_gone(found)
    assert namespaces.find(replace(named, start_ticks=1), inner["pid_namespace"]) is None
    assert contained.stdin is not None
    contained.stdin.close()
    contained.wait()
    assert host.is_gone(found)
