"""Processes below a process, as the kernel has them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from brickwork_sdk.leases.family import catches, descendants, signalled
from brickwork_sdk.processes import ProcessIdentity, identify

PROGRAM = """
import signal, subprocess, sys
signal.signal(signal.SIGUSR1, lambda *_: None)
below = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(below.pid, flush=True)
sys.stdin.read()
below.kill()
below.wait()
"""


@pytest.fixture
def family() -> Iterator[tuple[ProcessIdentity, ProcessIdentity]]:
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        found = identify(child.pid), identify(int(child.stdout.readline()))
        assert found[0] is not None
        assert found[1] is not None
        yield found[0], found[1]


def test_children_of_children_are_found_and_nobody_else(
    family: tuple[ProcessIdentity, ProcessIdentity],
) -> None:
    assert set(descendants(os.getpid())) >= set(family)
    assert descendants(family[0].pid) == [family[1]]


def test_who_has_a_handler_is_known(family: tuple[ProcessIdentity, ProcessIdentity]) -> None:
    assert catches(family[0], signal.SIGUSR1)
    assert not catches(family[1], signal.SIGUSR1)
    assert not catches(ProcessIdentity(2**22 + 1, 1, "gone"), signal.SIGUSR1)


def test_a_signal_reaches_the_named_process_and_never_its_successor(
    family: tuple[ProcessIdentity, ProcessIdentity],
) -> None:
    earlier = ProcessIdentity(family[1].pid, family[1].start_ticks - 1, family[1].boot_id)
    signalled([earlier], signal.SIGKILL)
    assert identify(family[1].pid) == family[1]
    signalled([family[1], ProcessIdentity(2**22 + 1, 1, "gone")], signal.SIGKILL)
    while identify(family[1].pid) == family[1]:
        time.sleep(0.01)
