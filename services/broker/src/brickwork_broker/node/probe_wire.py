"""Turn what a probe sees into messages of its wire, and back."""

from collections.abc import Collection

from brickwork.broker.v1 import broker_pb2, probe_pb2
from brickwork_broker.core.request import Process
from brickwork_broker.core.sight import Sight
from brickwork_sdk.durations import to_duration, to_seconds


def identity(process: Process) -> broker_pb2.ProcessIdentity:
    """Render a process as the probe sees it."""
    return broker_pb2.ProcessIdentity(
        pid=process.pid, start_ticks=process.start_ticks, boot_id=process.boot_id
    )


def process(identity: broker_pb2.ProcessIdentity) -> Process:
    """Return the name of a process, as whoever named it sees it."""
    return Process(identity.boot_id, identity.pid, identity.start_ticks)


def answer(sight: Sight, sequence: int) -> probe_pb2.WatchNodeResponse:
    """Render what was seen."""
    seen = probe_pb2.WatchNodeResponse(
        device=sight.device,
        total_bytes=sight.total_bytes,
        used_bytes=sight.used_bytes,
        gone=[identity(one) for one in sight.gone],
        sequence=sequence,
    )
    for one in {**sight.readings, **sight.activity}:
        reading = seen.readings.add(process=identity(one))
        if one in sight.readings:
            reading.used_bytes = sight.readings[one]
        if one in sight.peaks:
            reading.peak_bytes = sight.peaks[one]
        if one in sight.activity:
            reading.activity.CopyFrom(to_duration(sight.activity[one]))
    return seen


def sight(seen: probe_pb2.WatchNodeResponse, asked: Collection[Process]) -> Sight:
    """Return what was seen of the processes that were asked for."""
    read = {process(one.process): one for one in seen.readings}
    known = [(one, read[one]) for one in asked if one in read]
    return Sight(
        device=seen.device,
        total_bytes=seen.total_bytes,
        used_bytes=seen.used_bytes if seen.HasField("used_bytes") else None,
        gone=frozenset(asked).intersection(process(one) for one in seen.gone),
        readings={one: r.used_bytes for one, r in known if r.HasField("used_bytes")},
        peaks={one: r.peak_bytes for one, r in known if r.HasField("peak_bytes")},
        activity={one: to_seconds(r.activity) for one, r in known if r.HasField("activity")},
    )
