"""Somebody at a notebook: leases memory for a time, forgets it, and leaves in the end.

The process that leases is the one that uses the memory, under one token or several.
"""

from brickwork_broker.core.commands import Renew
from brickwork_broker.core.request import TokenRequest, WorkClass
from services.broker.tests.sim.being import Being
from services.broker.tests.sim.network import Answer
from services.broker.tests.sim.tenure import Tenure

LEASES_MAX = 3


class Person(Being):
    """Lease, use, idle and give back, with several leases at a time."""

    def begin(self) -> None:
        """Sit down, and leave some minutes later whatever is still leased."""
        self.parts: dict[Tenure, int] = {}
        self.kept: dict[Tenure, int] = {}
        self.ignores_demands = self.node.are_faults_on and self.world.chance(0.2)
        self.node.faults["does not give way"] += self.ignores_demands
        self.later(100, 5_000, self._want)
        self.later(60_000, 200_000, self._leave)

    def leave_behind(self) -> None:
        """Leave nothing: all memory was this process's own."""

    def rest_no_longer(self) -> None:
        """Go."""
        self.guarded(self._leave)()

    def _leave(self) -> None:
        self.world.note(f"{self.name} leaves")
        self.world.kill(self.process)
        self._come_again(self.world.between(1_000, 20_000))

    def _want(self) -> None:
        if not self.wants_more:
            return
        world = self.world
        self.later(2_000, 30_000, self._want)
        if len(self.parts) >= LEASES_MAX:
            return
        guaranteed_bytes = world.between(20, 300)
        request = TokenRequest(
            token_id=f"{self.name}-{self.process.pid:06}-{world.now_ms:08}",
            holder=self.name,
            purpose="notebook",
            guaranteed_bytes=guaranteed_bytes,
            ceiling_bytes=guaranteed_bytes + world.between(0, 100),
            work_class=world.random.choice([WorkClass.NOTEBOOK, WorkClass.BEST_EFFORT]),
            tenant=self.name,
            renew_within_ms=world.between(3, 30) * 1_000,
            process=self.process,
            hold_ms=world.between(5_000, 90_000),
            shrinkable=world.chance(0.5),
        )
        tenure = Tenure(self, self, request)
        self.parts[tenure] = 0
        self.kept[tenure] = 0
        tenure.ask()

    # --- Holding.

    def granted(self, tenure: Tenure) -> None:
        """Plan the end of the lease, or forget it."""
        hold_ms = tenure.request.hold_ms or 0
        if self.node.are_faults_on and self.world.chance(0.3):
            self.node.faults["lease forgotten"] += 1
            self.world.idle_since_ms[self.process] = self.world.now_ms
        else:
            self.later(hold_ms // 2, hold_ms, lambda: self._finish(tenure))

    def renewal(self, tenure: Tenure) -> Renew:
        """Name this process, which uses the memory itself."""
        token_id, users = tenure.request.token_id, (self.process,)
        return Renew(token_id, tenure.epoch, users, kept_bytes=self.kept[tenure])

    def told(self, tenure: Tenure, renewal: Renew, answer: Answer) -> None:
        """Use the memory, and do what is asked."""
        kept_bytes = self.kept[tenure]
        self.parts[tenure] = min(tenure.granted_bytes, kept_bytes or tenure.granted_bytes)
        self._fill()
        if answer.keep_bytes is None or self.ignores_demands:
            return
        if answer.keep_bytes == 0:
            self._finish(tenure)
        elif not kept_bytes or answer.keep_bytes < kept_bytes:
            self.kept[tenure] = answer.keep_bytes
            self.parts[tenure] = min(self.parts[tenure], answer.keep_bytes)
            self._fill()
            tenure.renew_now()

    def lost(self, tenure: Tenure) -> None:
        """Give the memory back, or keep it until this process ends."""
        if not self.ignores_demands:
            self._finish(tenure)

    def ended(self, tenure: Tenure) -> None:
        """Forget the lease."""
        self.parts.pop(tenure, None)
        self.kept.pop(tenure, None)

    def _finish(self, tenure: Tenure) -> None:
        if tenure.is_over:
            return
        if self.node.are_faults_on and self.world.chance(0.1):
            self.node.faults["lies about a release"] += 1
            self.world.dishonest.add(self.process)
        else:
            self.parts[tenure] = 0
            self._fill()
            if self.world.chance(0.5):
                self.kept[tenure] = 1
                tenure.renew_now()
        tenure.finish()

    def _fill(self) -> None:
        self.world.memory_bytes[self.process] = sum(self.parts.values())
