"""A GPU that is not there: the part of NVML that is used, with figures set by hand."""

from dataclasses import dataclass, field


class FakeNvmlError(Exception):
    """What the driver answers when it cannot."""


@dataclass
class Memory:
    """Memory of the GPU, in bytes, as NVML names it."""

    total: int
    used: int


@dataclass
class Running:
    """A process on the GPU; without a reading its bytes are None."""

    pid: int
    usedGpuMemory: int | None


@dataclass
class FakeNvml:
    """Answers like the module `pynvml` on a machine with one GPU.

    Attributes:
        memory: of the GPU.
        running: the processes on it.
        is_open: whether the driver is.
        is_lost: whether the GPU has fallen off the bus, so that every question fails.
    """

    memory: Memory
    running: list[Running] = field(default_factory=list)
    is_open: bool = False
    is_lost: bool = False
    NVMLError: type[Exception] = FakeNvmlError

    def nvmlInit(self) -> None:
        """Open the driver."""
        self.is_open = True

    def nvmlShutdown(self) -> None:
        """Close the driver."""
        self.is_open = False

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:
        """Return the handle of a GPU."""
        assert self.is_open
        return f"gpu-{index}"

    def nvmlDeviceGetMemoryInfo(self, handle: str) -> Memory:
        """Return the memory of a GPU."""
        self._require_gpu()
        return self.memory

    def nvmlDeviceGetComputeRunningProcesses(self, handle: str) -> list[Running]:
        """Return the processes on a GPU."""
        self._require_gpu()
        return self.running

    def _require_gpu(self) -> None:
        if self.is_lost:
            raise self.NVMLError("GPU is lost")
