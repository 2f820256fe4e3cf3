"""Which groups of benchmarks there are, and how long each may take."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """A measurement that is always run as a whole, in a process of its own.

    Its module, `tools.bench.<name>`, has one function `measure`, which yields rows and, between
    them, sentences that tell how far it is.

    Attributes:
        name: of the group, its module and its heading.
        minutes: about how long it took on two slow cores; the time left is told by it.
        minutes_max: after this it is ended, and counts as failed.
        needs_gpu: whether it runs only where it is named.
    """

    name: str
    minutes: float
    minutes_max: float
    needs_gpu: bool = False


GROUPS = (
    Group("mesh", minutes=5.5, minutes_max=16),
    Group("streaming", minutes=3.5, minutes_max=8),
    Group("speech", minutes=9, minutes_max=16),
    Group("live", minutes=2.5, minutes_max=8),
    Group("wordless", minutes=0.5, minutes_max=2),
    Group("llm", minutes=1.5, minutes_max=5),
    Group("diarize", minutes=1.5, minutes_max=6),
    Group("translate", minutes=1, minutes_max=4),
    Group("ocr", minutes=1.5, minutes_max=6),
    Group("summary", minutes=0.5, minutes_max=3),
    Group("replicas", minutes=1, minutes_max=5),
    Group("start", minutes=2.5, minutes_max=5),
    Group("broker", minutes=2.5, minutes_max=8),
    Group("memory", minutes=11, minutes_max=20),
    Group("gpu", minutes=15, minutes_max=40, needs_gpu=True),
)
