"""Whose turn it is, told once more from the promise alone (L2): classes age, tenants share."""

import math
from collections.abc import Iterable

from brickwork_broker.core.request import WorkClass
from services.broker.tests.sim.story import Broken, Told

PATIENCE_MS = {
    WorkClass.INTERACTIVE: 0,
    WorkClass.BATCH: 60_000,
    WorkClass.NOTEBOOK: 300_000,
    WorkClass.BEST_EFFORT: 900_000,
}
"""How long each class may be overtaken, as promised; written here once more on purpose."""
FAIR_MS_MAX = 300_000
"""How long a request may be overtaken inside its class for the sake of fairness."""
HALF_LIFE_MS = 600_000
"""What a tenant had so long ago counts half."""


class Turns:
    """Follow what tenants had, and check each grant against those that wait."""

    def __init__(self, broken: Broken) -> None:
        self._broken = broken
        self._had: dict[str, float] = {}
        self._charged: dict[str, int] = {}
        self._at_ms = 0

    def forget(self, tokens: Iterable[Told], now_ms: int) -> None:
        """Begin anew with what is charged, as the broker does."""
        self._had.clear()
        self._at_ms = now_ms
        self.charge(tokens, now_ms)

    def charge(self, tokens: Iterable[Told], now_ms: int) -> None:
        """Take in what is charged from now on."""
        self._let_time_pass(now_ms)
        self._charged.clear()
        for token in tokens:
            if token.request is not None:
                tenant = token.request.tenant
                self._charged[tenant] = self._charged.get(tenant, 0) + token.charged_bytes

    def check(self, granted: Told, waiting: list[Told], coming_bytes: int, now_ms: int) -> None:
        """Check a grant.

        Args:
            granted: the token.
            waiting: those that still wait.
            coming_bytes: what is free after this grant, and what is on its way back.
            now_ms: the time.
        """
        heads = self._heads([*waiting, granted], now_ms)
        if granted in heads:
            return
        needed = min(heads, key=_needed_bytes)
        if coming_bytes < _needed_bytes(needed):
            self._broken(
                "L2",
                f"{granted.token_id} was granted before {needed.token_id}, whose turn it was and"
                f" which needs {_needed_bytes(needed)} of {coming_bytes} bytes",
            )

    def _heads(self, waiting: list[Told], now_ms: int) -> list[Told]:
        """Return who may be next; several only where nothing tells them apart."""
        ripe_ms = {
            work_class: min(
                (_ripe_ms(one) for one in waiting if one.work_class is work_class),
                default=math.inf,
            )
            for work_class in WorkClass
        }
        heads = []
        for work_class in WorkClass:
            if ripe_ms[work_class] == min(ripe_ms.values()):
                others_ms = min(ripe_ms[other] for other in WorkClass if other is not work_class)
                allowed = [
                    one
                    for one in waiting
                    if one.work_class is work_class and one.asked_at_ms <= others_ms
                ]
                heads += self._next_inside(allowed, now_ms)
        return heads

    def _next_inside(self, allowed: list[Told], now_ms: int) -> list[Told]:
        patient = [one for one in allowed if now_ms - one.asked_at_ms >= FAIR_MS_MAX]
        if patient:
            return [min(patient, key=lambda one: one.order)]
        self._let_time_pass(now_ms)
        had = {one.token_id: self._had.get(_tenant(one), 0.0) for one in allowed}
        least = min(had.values(), default=0.0) * (1 + 1e-9) + 1e-3
        firsts: dict[str, Told] = {}
        for one in sorted(allowed, key=lambda one: one.order):
            if had[one.token_id] <= least:
                firsts.setdefault(_tenant(one), one)
        return list(firsts.values())

    def _let_time_pass(self, now_ms: int) -> None:
        """Let what was had fade, and add what was charged since; the integral of its fading."""
        rate = math.log(2) / HALF_LIFE_MS
        fading = math.exp(-rate * (now_ms - self._at_ms))
        self._at_ms = now_ms
        for tenant in {*self._had, *self._charged}:
            more = self._charged.get(tenant, 0) * (1 - fading) / rate
            self._had[tenant] = self._had.get(tenant, 0.0) * fading + more


def _ripe_ms(token: Told) -> int:
    return token.asked_at_ms + PATIENCE_MS[token.work_class]


def _tenant(token: Told) -> str:
    return "" if token.request is None else token.request.tenant


def _needed_bytes(token: Told) -> int:
    return 0 if token.request is None else token.request.guaranteed_bytes
