"""Add up what tenants were seen to use of what they hold, for the audit log."""

from collections import Counter

from brickwork_broker.audit.transitions import PROBE
from brickwork_broker.core.ledger import Ledger
from brickwork_sdk.audit.record import Entry

RECORD_MS = 600_000
"""So much of it a kill may cost; a record more often would tell nobody more."""


class UsedMemory:
    """Turn readings into byte-seconds of each tenant, a record every ten minutes.

    Of each token no more counts than is granted for it: what is beyond that is an overrun, which
    metrics and alerts tell, and a process that uses several tokens is not counted for each of them
    without a bound.

    Args:
        now_ms: the time at the start.
    """

    def __init__(self, now_ms: int) -> None:
        self._byte_ms: Counter[str] = Counter()
        self._looked_at_ms = self._recorded_at_ms = now_ms

    def look(self, ledger: Ledger, now_ms: int) -> None:
        """Take the latest reading of each token as what it has used since the look before."""
        span_ms, self._looked_at_ms = now_ms - self._looked_at_ms, now_ms
        for grant in ledger.grants():
            reading = ledger.reading_of(grant)
            if grant.users and reading is not None:
                used_bytes = min(reading, grant.granted_bytes)
                self._byte_ms[grant.request.tenant] += used_bytes * span_ms

    def due(self, now_ms: int) -> list[Entry]:
        """Return the record that is due, if one is."""
        return [] if now_ms - self._recorded_at_ms < RECORD_MS else self.rest()

    def rest(self) -> list[Entry]:
        """Return the record of what was used since the one before, if anything was."""
        tenants = {tenant: byte_ms / 1000 for tenant, byte_ms in self._byte_ms.items()}
        self._byte_ms.clear()
        self._recorded_at_ms = self._looked_at_ms
        if not any(tenants.values()):
            return []
        return [Entry(PROBE, "memory_used", "As it was read.", {"byte_seconds": tenants})]
