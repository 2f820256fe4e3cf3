"""The benchmark of engines on a GPU, as far as it goes without one."""

import pytest

from brickwork_sdk import cuda_driver
from brickwork_sdk.cuda_driver import Lack
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.testing.nvml import FakeNvml, Memory
from tools.bench import device_run, gpu
from tools.bench.__main__ import chosen, require_gpu
from tools.bench.device_run import FREE_BYTES, DeviceRun, GpuMemory

GIB = 1024**3


def run_of(device: str, seconds: list[float], peak_bytes: int) -> DeviceRun:
    return DeviceRun(
        description=EngineDescription("engine 1", "float16", device),
        load_seconds=2.0,
        seconds=seconds,
        results=[],
        granted_bytes=2 * GIB,
        peak_bytes=peak_bytes,
        free_seconds=0.5,
    )


def test_the_peak_is_what_is_used_beyond_what_others_used_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nvml = FakeNvml(Memory(total=80 * GIB, used=3 * GIB), is_open=True)
    monkeypatch.setattr(device_run, "pynvml", nvml)
    memory = GpuMemory()
    for used in (5 * GIB, 4 * GIB):
        nvml.memory.used = used
        memory.look()
    assert memory.peak_bytes == 2 * GIB
    assert not memory.is_free()
    nvml.memory.used = 3 * GIB + FREE_BYTES
    assert memory.is_free()


@pytest.mark.parametrize(("peak_bytes", "holds"), [(1 * GIB, True), (3 * GIB, False)])
def test_an_engine_that_takes_more_than_its_token_fails_its_row(
    peak_bytes: int, holds: bool
) -> None:
    on_cpu, on_gpu = run_of("cpu", [60.0], 0), run_of("cuda:0", [9.0, 3.0, 4.0], peak_bytes)
    rows = {
        row.name: row for row in gpu._engine_rows(gpu.GPU_LOADS[0], on_cpu, on_gpu, minutes=1.0)
    }
    assert rows["asr: most memory of the GPU over what its token grants"].holds is holds
    assert rows["asr: speed on the GPU over that on the processor"].value == 15.0
    assert rows["asr on cuda:0: seconds of work for a second of recording"].value == round(
        4.0 / 60, 4
    )
    assert rows["asr: kill of the process to its memory of the GPU given back"].holds is True


def test_the_group_is_refused_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_driver, "lack", lambda: Lack("card", "There is none."))
    with pytest.raises(SystemExit, match="There is none"):
        require_gpu(chosen(["gpu"]))
    require_gpu(chosen([]))
