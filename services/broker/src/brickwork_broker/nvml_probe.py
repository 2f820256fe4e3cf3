"""See the memory of one NVIDIA GPU through NVML."""

from types import TracebackType
from typing import Any, Protocol, Self

from brickwork_broker.messages import Process
from brickwork_broker.probe import HostProbe, Reading


class Nvml(Protocol):
    """The part of the module `pynvml` that is used; handles are the driver's own."""

    @property
    def NVMLError(self) -> type[Exception]: ...  # noqa: D102
    def nvmlInit(self) -> None: ...  # noqa: D102 - the driver's names
    def nvmlShutdown(self) -> None: ...  # noqa: D102
    def nvmlDeviceGetHandleByIndex(self, index: int) -> Any: ...  # noqa: D102
    def nvmlDeviceGetMemoryInfo(self, handle: Any) -> Any: ...  # noqa: D102
    def nvmlDeviceGetComputeRunningProcesses(self, handle: Any) -> list[Any]: ...  # noqa: D102


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

    def is_gone(self, process: Process) -> bool:
        """Tell whether a process has ended and the driver holds nothing for its pid.

        A new process that was given the same pid and uses the GPU delays the answer; it never
        makes it wrong.
        """
        if not self._host.is_gone(process):
            return False
        readings = self._readings()
        return readings is not None and process.pid not in readings

    def used_bytes(self, process: Process) -> int | None:
        """Return what a process uses of the GPU, or None if the driver cannot say."""
        if self._host.is_gone(process):
            return None
        readings = self._readings()
        return None if readings is None else readings.get(process.pid, 0)

    def read(self) -> Reading:
        """Read the GPU."""
        try:
            memory = self._nvml.nvmlDeviceGetMemoryInfo(self._handle)
        except self._nvml.NVMLError:
            return Reading(self._total_bytes, None)
        return Reading(self._total_bytes, int(memory.used))

    def _readings(self) -> dict[int, int | None] | None:
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
