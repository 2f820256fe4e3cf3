"""Tell how much of the device each tenant has had lately, for fair shares inside a class."""

from dataclasses import dataclass
from math import exp, log

HALF_LIFE_MS = 600_000
"""What was used ten minutes ago counts half: long enough to even out jobs of minutes, short enough
that yesterday's use is forgiven."""
TENANTS_MAX = 1_024
"""So many are remembered, besides those that have something."""


@dataclass(slots=True)
class _Share:
    charged_bytes: int
    attained: float
    at_ms: int


class Shares:
    """Add up the byte-milliseconds that are charged to each tenant; what is past fades."""

    def __init__(self) -> None:
        self._by_tenant: dict[str, _Share] = {}

    def charge(self, tenant: str, more_bytes: int, now_ms: int) -> None:
        """Charge a tenant for more bytes from now on, or for fewer."""
        share = self._by_tenant.setdefault(tenant, _Share(0, 0.0, now_ms))
        share.attained, share.at_ms = self._attained(share, now_ms), now_ms
        share.charged_bytes += more_bytes
        if len(self._by_tenant) > TENANTS_MAX:
            self._forget_the_idle()

    def _forget_the_idle(self) -> None:
        """Forget those that have nothing now, the longest idle first, down to half of all."""
        idle = [tenant for tenant, share in self._by_tenant.items() if share.charged_bytes == 0]
        for tenant in sorted(idle, key=lambda one: self._by_tenant[one].at_ms)[: TENANTS_MAX // 2]:
            del self._by_tenant[tenant]

    def attained(self, tenant: str, now_ms: int) -> float:
        """Return the faded byte-milliseconds of a tenant."""
        share = self._by_tenant.get(tenant)
        return 0.0 if share is None else self._attained(share, now_ms)

    def _attained(self, share: _Share, now_ms: int) -> float:
        """Let what is past fade by halves, and add what has been charged since.

        The integral of a constant charge that fades: charge · h / ln 2 · (1 - 2^(-t/h)).
        """
        left = exp(-log(2) * (now_ms - share.at_ms) / HALF_LIFE_MS)
        return share.attained * left + share.charged_bytes * HALF_LIFE_MS / log(2) * (1 - left)
