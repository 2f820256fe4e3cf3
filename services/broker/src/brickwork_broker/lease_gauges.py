"""Read how much is lent, to whom by class, and who waits, at the moment somebody asks."""

from brickwork_broker import metrics
from brickwork_broker.core.ledger import Ledger
from brickwork_broker.core.request import WorkClass
from brickwork_broker.core.sight import Sight


def measure(ledger: Ledger, sight: Sight | None, now_ms: int) -> None:
    """Set every gauge; on any thread, for rows are replaced and never changed.

    Args:
        ledger: what is lent.
        sight: what the probe saw last; None before its first look, which is then left out.
        now_ms: the broker's clock.
    """
    if sight is None:
        return
    device, grants = sight.device, ledger.grants()
    held = [grant for grant in grants if grant.is_alive]
    quarantined = [grant for grant in grants if not grant.is_alive]
    metrics.CAPACITY_BYTES.labels(device).set(ledger.limits.capacity_bytes)
    metrics.QUARANTINED_BYTES.labels(device).set(sum(one.granted_bytes for one in quarantined))
    oldest_ms = min((one.since_ms for one in quarantined), default=now_ms)
    metrics.QUARANTINE_AGE_SECONDS.labels(device).set((now_ms - oldest_ms) / 1000)
    for work_class in WorkClass:
        of_class = [one.granted_bytes for one in held if one.work_class is work_class]
        metrics.GRANTED_BYTES.labels(device, work_class.value).set(sum(of_class))
    metrics.EXCESS_BYTES.labels(device).set(ledger.excess_bytes)
    metrics.OVERRUN_BYTES.labels(device).set(ledger.overrun_bytes)
    metrics.ATTESTED_BYTES.labels(device).set(sum(sight.readings.values()))
    metrics.LOADING.labels(device).set(ledger.loading is not None)
    storms = {(one.request.holder, one.request.purpose) for one in held if ledger.storms(one)}
    metrics.RELOAD_STORMS.labels(device).set(len(storms))
    if sight.used_bytes is not None:
        metrics.FOREIGN_BYTES.labels(device).set(ledger.foreign_bytes)
    _measure_queue(ledger, now_ms)


def _measure_queue(ledger: Ledger, now_ms: int) -> None:
    waiters = ledger.waiters()
    for work_class in WorkClass:
        asked = [one.asked_at_ms for one in waiters if one.work_class is work_class]
        age_seconds = (now_ms - min(asked, default=now_ms)) / 1000
        metrics.QUEUE_DEPTH.labels(work_class.value).set(len(asked))
        metrics.QUEUE_AGE_SECONDS.labels(work_class.value).set(age_seconds)
