"""Read how much is lent, to whom by class, and who waits, at the moment somebody asks."""

import logging

from brickwork_broker import metrics
from brickwork_broker.ledger import Ledger
from brickwork_broker.messages import TokenState, WorkClass
from brickwork_broker.probe import Probe
from brickwork_broker.token import Grant

_log = logging.getLogger(__name__)


def measure(ledger: Ledger, probe: Probe, now_ms: int) -> None:
    """Set every gauge; on any thread, for rows are replaced and never changed."""
    device, grants = probe.device, ledger.grants()
    held = [grant for grant in grants if grant.state is not TokenState.QUARANTINED]
    quarantined = [grant for grant in grants if grant.state is TokenState.QUARANTINED]
    metrics.CAPACITY_BYTES.labels(device).set(ledger.limits.capacity_bytes)
    metrics.QUARANTINED_BYTES.labels(device).set(sum(one.granted_bytes for one in quarantined))
    oldest_ms = min((one.since_ms for one in quarantined), default=now_ms)
    metrics.QUARANTINE_AGE_SECONDS.labels(device).set((now_ms - oldest_ms) / 1000)
    for work_class in WorkClass:
        of_class = [one.granted_bytes for one in held if one.request.work_class is work_class]
        metrics.GRANTED_BYTES.labels(device, work_class.value).set(sum(of_class))
    _measure_queue(ledger, now_ms)
    try:
        _measure_use(grants, probe)
    except Exception:
        # A probe that cannot see is silent, and what the ledger knows is told all the same.
        _log.exception("probe_failed")


def _measure_queue(ledger: Ledger, now_ms: int) -> None:
    waiters = ledger.waiters()
    for work_class in WorkClass:
        asked = [one.asked_at_ms for one in waiters if one.request.work_class is work_class]
        age_seconds = (now_ms - min(asked, default=now_ms)) / 1000
        metrics.QUEUE_DEPTH.labels(work_class.value).set(len(asked))
        metrics.QUEUE_AGE_SECONDS.labels(work_class.value).set(age_seconds)


def _measure_use(grants: list[Grant], probe: Probe) -> None:
    used_bytes = {
        grant.request.token_id: sum(probe.used_bytes(user) or 0 for user in grant.users)
        for grant in grants
    }
    overrun_bytes = sum(
        max(0, used_bytes[grant.request.token_id] - grant.granted_bytes) for grant in grants
    )
    metrics.OVERRUN_BYTES.labels(probe.device).set(overrun_bytes)
    all_bytes = probe.read().used_bytes
    if all_bytes is not None:
        foreign_bytes = max(0, all_bytes - sum(used_bytes.values()))
        metrics.FOREIGN_BYTES.labels(probe.device).set(foreign_bytes)
