"""Add up from the audit log how much memory each tenant had, for how long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from brickwork_sdk.audit import Record

DEFAULT_TENANT = "default"


@dataclass(slots=True)
class TenantUsage:
    """Hold what one tenant has had.

    Attributes:
        granted_byte_seconds: what was charged to it, times the seconds that it was.
        used_byte_seconds: of that, what its processes were seen to use.
        token_count: how many of its tokens were granted.
    """

    granted_byte_seconds: float = 0.0
    used_byte_seconds: float = 0.0
    token_count: int = 0


@dataclass(frozen=True, slots=True)
class _Held:
    tenant: str
    charged_bytes: int
    since: datetime


class Usage:
    """Read a log record by record.

    Bytes count from the grant until they are free again, quarantine included, for nobody else could
    have them. Times are those of the records; a clock that was set back counts as standing still.

    Args:
        since: only what was held from then on counts; None counts all.

    Attributes:
        by_tenant: what each has had, by name.
    """

    def __init__(self, since: datetime | None = None) -> None:
        self.by_tenant: dict[str, TenantUsage] = {}
        self._since = since
        self._held: dict[str, _Held] = {}

    def read(self, record: Record) -> None:
        """Take in one record."""
        entry = record.entry
        counts = self._since is None or self._since <= record.time
        if entry.what == "broker_stopped":
            self.settle(record.time)
        elif entry.what in ("broker_started", "ledger_stands"):
            tokens = {one["token_id"]: one for one in entry.fields["tokens"]}
            for token_id in self._held.keys() - tokens.keys():
                self._count(self._held.pop(token_id), record.time)
            for one in tokens.values():
                self._charge(one, record.time)
        elif entry.what == "memory_used" and counts:
            for tenant, byte_seconds in entry.fields["byte_seconds"].items():
                self._of(tenant).used_byte_seconds += byte_seconds
        elif "after" in entry.fields:
            self._charge(entry.fields, record.time)
            is_new = entry.fields["before"] in (None, "queued")
            if counts and is_new and entry.fields["after"] == "granted":
                self._of(entry.fields["tenant"]).token_count += 1

    def settle(self, now: datetime) -> None:
        """Count what is held still, up to now."""
        for held in self._held.values():
            self._count(held, now)
        self._held.clear()

    def _charge(self, fields: Mapping[str, Any], at: datetime) -> None:
        token_id, charged_bytes = fields["token_id"], fields["charged_bytes"]
        held = self._held.pop(token_id, None)
        if held is not None:
            self._count(held, at)
        if charged_bytes:
            self._held[token_id] = _Held(fields["tenant"], charged_bytes, at)

    def _count(self, held: _Held, until: datetime) -> None:
        since = held.since if self._since is None else max(held.since, self._since)
        if since < until:
            byte_seconds = held.charged_bytes * (until - since).total_seconds()
            self._of(held.tenant).granted_byte_seconds += byte_seconds

    def _of(self, tenant: str) -> TenantUsage:
        return self.by_tenant.setdefault(tenant or DEFAULT_TENANT, TenantUsage())
