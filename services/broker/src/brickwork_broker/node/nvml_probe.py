"""See the memory of one NVIDIA GPU through NVML."""

import threading
from collections import defaultdict
from collections.abc import Collection
from types import TracebackType
from typing import Any, Protocol, Self

from brickwork_broker.core.request import Process
from brickwork_broker.core.sight import Sight
from brickwork_broker.node.probe import HostProbe

SAMPLE_US = 1_000_000
"""How much time one sample of the driver speaks for at most."""


class Nvml(Protocol):
    """The part of the module `pynvml` that is used; handles are the driver's own."""

    @property
    def NVMLError(self) -> type[Exception]: ...  # noqa: D102
    @property
    def NVML_ERROR_NOT_FOUND(self) -> int: ...  # noqa: D102
    def nvmlInit(self) -> None: ...  # noqa: D102 - the driver's names
    def nvmlShutdown(self) -> None: ...  # noqa: D102
    def nvmlDeviceGetHandleByIndex(self, index: int) -> Any: ...  # noqa: D102
    def nvmlDeviceGetMemoryInfo(self, handle: Any) -> Any: ...  # noqa: D102
    def nvmlDeviceGetComputeRunningProcesses(self, handle: Any) -> list[Any]: ...  # noqa: D102
    def nvmlDeviceGetProcessUtilization(self, handle: Any, since: int) -> list[Any]: ...  # noqa: D102


class NvmlProbe:
    """See one GPU; a process is gone when the host has lost it and the driver too.

    The driver names processes as the broker's own pid namespace does, and leaves out those that it
    does not see: then the host's word alone is the evidence.

    Args:
        nvml: the module `pynvml`.
        host: sees the processes of this machine.
        index: which GPU.

    Raises:
        NVMLError: there is no driver or no such GPU, or it does not tell its processes.
    """

    def __init__(self, nvml: Nvml, host: HostProbe, index: int = 0) -> None:
        self._nvml = nvml
        self._host = host
        self.device = f"cuda:{index}"
        nvml.nvmlInit()
        self._handle = nvml.nvmlDeviceGetHandleByIndex(index)
        self._total_bytes = int(nvml.nvmlDeviceGetMemoryInfo(self._handle).total)
        nvml.nvmlDeviceGetComputeRunningProcesses(self._handle)
        self._lock = threading.Lock()
        self._peaks: dict[Process, int] = {}
        self._worked_seconds: dict[int, float] = defaultdict(float)
        self._sampled_us = 0

    def look(self, processes: Collection[Process]) -> Sight:
        """Look at the GPU and at these processes."""
        ended = self._host.look(processes).gone
        running = self._running()
        if running is None:
            return Sight(self.device, self._total_bytes)
        gone = frozenset(process for process in ended if process.pid not in running)
        alive = [process for process in processes if process not in ended]
        readings = {
            process: used_bytes
            for process in alive
            if (used_bytes := running.get(process.pid, 0)) is not None
        }
        with self._lock:
            for process, used_bytes in readings.items():
                self._peaks[process] = max(self._peaks.get(process, 0), used_bytes)
            for process in ended:
                self._peaks.pop(process, None)
                self._worked_seconds.pop(process.pid, None)
            tells_work = self._tells_work()
            return Sight(
                device=self.device,
                total_bytes=self._total_bytes,
                used_bytes=self._used_bytes(),
                gone=gone,
                readings=readings,
                peaks={process: self._peaks[process] for process in readings},
                activity={p: self._worked_seconds[p.pid] for p in alive if tells_work},
            )

    def _tells_work(self) -> bool:
        """Add what the GPU has worked for each process since the last look; False if it won't say.

        The driver keeps the share of the time in which kernels of a process ran, for each that had
        any. Source: NVML, nvmlDeviceGetProcessUtilization: smUtil in percent, timeStamp in us.
        """
        try:
            samples = self._nvml.nvmlDeviceGetProcessUtilization(self._handle, self._sampled_us)
        except self._nvml.NVMLError as error:
            return getattr(error, "value", None) == self._nvml.NVML_ERROR_NOT_FOUND
        for sample in samples:
            spanned_us = min(SAMPLE_US, max(0, int(sample.timeStamp) - self._sampled_us))
            self._worked_seconds[int(sample.pid)] += int(sample.smUtil) / 100 * spanned_us / 1e6
        self._sampled_us = max([self._sampled_us, *(int(sample.timeStamp) for sample in samples)])
        return True

    def _used_bytes(self) -> int | None:
        try:
            return int(self._nvml.nvmlDeviceGetMemoryInfo(self._handle).used)
        except self._nvml.NVMLError:
            return None

    def _running(self) -> dict[int, int | None] | None:
        """Return the bytes of each process; None when the driver does not answer this time.

        It does not when more processes began between the two questions that pynvml asks, or when
        the GPU has fallen off the bus.
        """
        try:
            running = self._nvml.nvmlDeviceGetComputeRunningProcesses(self._handle)
        except self._nvml.NVMLError:
            return None
        return {int(process.pid): process.usedGpuMemory for process in running}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._nvml.nvmlShutdown()
