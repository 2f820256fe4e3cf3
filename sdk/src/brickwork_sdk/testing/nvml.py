"""A GPU that is not there: the part of NVML that is used, with figures set by hand."""

from dataclasses import dataclass, field


class FakeNvmlError(Exception):
    """What the driver answers when it cannot; `value` is its number for why."""

    value = 0


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
class Sample:
    """What the driver tells of the work of one process, as NVML names it."""

    pid: int
    timeStamp: int
    smUtil: int


@dataclass
class FakeNvml:
    """Answers like the module `pynvml` on a machine with one GPU.

    Attributes:
        memory: of the GPU.
        running: the processes on it.
        is_open: whether the driver is.
        is_lost: whether the GPU has fallen off the bus, so that every question fails.
        samples: of processes that it worked for; None where it does not tell.
    """

    memory: Memory
    running: list[Running] = field(default_factory=list)
    is_open: bool = False
    is_lost: bool = False
    samples: list[Sample] | None = field(default_factory=list)
    NVMLError: type[FakeNvmlError] = FakeNvmlError
    NVML_ERROR_NOT_FOUND: int = 6

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

    def nvmlDeviceGetProcessUtilization(self, handle: str, since: int) -> list[Sample]:
        """Return what the GPU worked for whom; the driver has an error for nobody."""
        self._require_gpu()
        if not self.samples:
            error = self.NVMLError("nothing was sampled")
            error.value = 3 if self.samples is None else self.NVML_ERROR_NOT_FOUND
            raise error
        return self.samples

    def _require_gpu(self) -> None:
        if self.is_lost:
            raise self.NVMLError("GPU is lost")
