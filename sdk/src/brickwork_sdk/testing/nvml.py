"""A GPU that is not there: the part of NVML that is used, with figures set by hand."""

from dataclasses import dataclass, field


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
    """Answers like the module `pynvml` on a machine with one GPU."""

    memory: Memory
    running: list[Running] = field(default_factory=list)
    is_open: bool = False

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
        return self.memory

    def nvmlDeviceGetComputeRunningProcesses(self, handle: str) -> list[Running]:
        """Return the processes on a GPU."""
        return self.running
