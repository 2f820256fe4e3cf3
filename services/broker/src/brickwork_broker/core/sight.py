"""Hold what one look at a device and its processes has shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from brickwork_broker.core.request import Process


@dataclass(frozen=True, slots=True)
class Sight:
    """Hold what was seen of one device, and of the processes that were asked for.

    A process that is missing from a mapping was not read.

    Attributes:
        device: its name, such as `host` or `cuda:0`.
        total_bytes: its memory.
        used_bytes: what everybody uses of it; None without a reading.
        gone: those of the processes that are known to hold no memory of it any more.
        readings: what each process uses, in bytes.
        peaks: the most that each has used so far, in bytes, as far as it could be seen.
        activity: for how many seconds the device has worked for each; begins at 0 again when the
            probe is started again.
    """

    device: str
    total_bytes: int
    used_bytes: int | None = None
    gone: frozenset[Process] = frozenset()
    readings: Mapping[Process, int] = field(default_factory=dict)
    peaks: Mapping[Process, int] = field(default_factory=dict)
    activity: Mapping[Process, float] = field(default_factory=dict)
