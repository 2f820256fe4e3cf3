"""The broker's probe against the driver itself."""

import subprocess
import sys
import time

import pynvml
import pytest

from brickwork_broker.core.request import Process
from brickwork_broker.node.nvml_probe import NvmlProbe
from brickwork_broker.node.probe import HostProbe
from brickwork_sdk.processes import identify

pytestmark = pytest.mark.gpu

SIZE_BYTES = 512 * 1024 * 1024
GONE_SECONDS_MAX = 10.0
HOLD = """
import ctypes, sys
driver = ctypes.CDLL("libcuda.so.1")
context, place = ctypes.c_void_p(), ctypes.c_uint64()
assert driver.cuInit(0) == 0
assert driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0) == 0
assert driver.cuCtxSetCurrent(context) == 0
assert driver.cuMemAlloc_v2(ctypes.byref(place), ctypes.c_size_t(int(sys.argv[1]))) == 0
print("held", flush=True)
input()
"""


def test_memory_of_a_process_is_seen_while_it_lives_and_free_once_it_is_killed() -> None:
    command = [sys.executable, "-c", HOLD, str(SIZE_BYTES)]
    with (
        NvmlProbe(pynvml, HostProbe()) as probe,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child,
    ):
        before = probe.look(())
        assert before.used_bytes is not None
        assert before.used_bytes <= before.total_bytes
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        identity = identify(child.pid)
        assert identity is not None
        process = Process(identity.boot_id, identity.pid, identity.start_ticks)
        held = probe.look([process])
        child.kill()
        child.wait()
        began = time.monotonic()
        after = probe.look([process])
        while not after.gone and time.monotonic() - began < GONE_SECONDS_MAX:
            time.sleep(0.05)
            after = probe.look([process])
        assert held.used_bytes is not None
        assert held.used_bytes - before.used_bytes >= SIZE_BYTES
        assert held.gone == frozenset()
        assert after.gone == {process}
        assert after.used_bytes is not None
        assert after.used_bytes <= before.used_bytes + SIZE_BYTES // 4
        own = held.readings.get(process)
        if own == 0:
            pytest.skip("the driver names no process of this pid namespace")
        assert own is None or SIZE_BYTES <= own <= held.used_bytes
