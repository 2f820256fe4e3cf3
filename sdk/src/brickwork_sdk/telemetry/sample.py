"""Gauges that are read at the moment somebody asks for them."""

import threading
from collections.abc import Callable, Iterable, Sequence

from prometheus_client import REGISTRY, Gauge, Metric
from prometheus_client.registry import Collector


class Sample(Collector):
    """Reads gauges when they are asked for, so that nothing has to keep them up to date.

    Args:
        gauges: made with `registry=None`; they are cleared before each reading.
        read: sets them; runs on the thread of the asker.
    """

    def __init__(self, gauges: Sequence[Gauge], read: Callable[[], None]) -> None:
        self._gauges = gauges
        self._read = read
        self._lock = threading.Lock()

    def collect(self) -> Iterable[Metric]:
        """Read and return them."""
        with self._lock:
            for gauge in self._gauges:
                gauge.clear()
            self._read()
            return [metric for gauge in self._gauges for metric in gauge.collect()]

    def describe(self) -> Iterable[Metric]:
        """Name nothing, so that registering reads nothing yet."""
        return []


def offer(gauges: Sequence[Gauge], read: Callable[[], None]) -> None:
    """Serve gauges from now on with everything else that this process measures."""
    REGISTRY.register(Sample(gauges, read))
