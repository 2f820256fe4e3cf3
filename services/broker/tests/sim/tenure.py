"""One token as its holder knows it: asked for, renewed, given back, though any word may be lost."""

from collections.abc import Callable
from typing import Protocol

from brickwork_broker.core.commands import Acquire, Release, Renew
from brickwork_broker.core.request import TokenRequest
from brickwork_broker.core.token import TokenState
from services.broker.tests.sim.being import Being
from services.broker.tests.sim.network import Answer, Call

WAIT_MS = 20_000


class Owner(Protocol):
    """Do with a token what it is for."""

    def granted(self, tenure: "Tenure") -> None:
        """Hear of the grant."""

    def renewal(self, tenure: "Tenure") -> Renew:
        """Say what is so now."""

    def told(self, tenure: "Tenure", renewal: Renew, answer: Answer) -> None:
        """Hear that the token lives on, and what the broker knows and wants."""

    def lost(self, tenure: "Tenure") -> None:
        """Hear that the token is over without its doing."""

    def ended(self, tenure: "Tenure") -> None:
        """Hear that the broker knows of the end."""


class Tenure:
    """Keep a token alive until it is to end.

    Attributes:
        epoch: of the grant; 0 before it.
        granted_bytes: by the latest answer.
        is_over: it is given back, or lost.
    """

    def __init__(self, being: Being, owner: Owner, request: TokenRequest) -> None:
        self.request = request
        self.epoch = 0
        self.granted_bytes = 0
        self.is_over = False
        self._being = being
        self._owner = owner

    def ask(self) -> None:
        """Ask, again and again until there is an answer."""
        if not self.is_over:
            self._call(Acquire(self.request, WAIT_MS), self._hear_of_grant, WAIT_MS)

    def renew_now(self) -> None:
        """Say what is so without waiting for the next renewal."""
        if not self.is_over and self.epoch:
            renewal = self._owner.renewal(self)
            self._call(renewal, lambda answer: self._hear(renewal, answer))

    def finish(self) -> None:
        """Give the token back, again and again until there is an answer."""
        if not self.is_over:
            self.is_over = True
            self._give_back()

    def _hear_of_grant(self, answer: Answer | None) -> None:
        if self.is_over or self.epoch:
            return
        if answer is None:
            self._being.later(100, 1_000, self.ask)
        elif answer.state is TokenState.QUEUED:
            self.ask()
        elif answer.state is TokenState.REFUSED or not answer.epoch:
            self._owner.lost(self)
        else:
            self.epoch = answer.epoch
            self.granted_bytes = answer.granted_bytes
            self._owner.granted(self)
            self._renew()

    def _renew(self) -> None:
        if self.is_over:
            return
        renewal = self._owner.renewal(self)

        def hear(answer: Answer | None) -> None:
            self._hear(renewal, answer)
            if not self.is_over:
                period_ms = self.request.renew_within_ms // 3
                low_ms, high_ms = (50, 500) if answer is None else (period_ms, period_ms)
                self._being.later(low_ms, high_ms, self._renew)

        self._call(renewal, hear)

    def _hear(self, renewal: Renew, answer: Answer | None) -> None:
        if self.is_over or answer is None:
            return
        if answer.state in (TokenState.GRANTED, TokenState.SHRINKING, TokenState.REVOKING):
            self.granted_bytes = answer.granted_bytes
            self._owner.told(self, renewal, answer)
        else:
            self._owner.lost(self)

    def _give_back(self) -> None:
        self._call(Release(self.request.token_id, self.epoch), self._hear_of_end)

    def _hear_of_end(self, answer: Answer | None) -> None:
        if answer is None:
            self._being.later(100, 1_000, self._give_back)
        else:
            self._owner.ended(self)

    def _call(self, command: Call, hear: Callable[[Answer | None], None], wait_ms: int = 0) -> None:
        process = self._being.process

        def reply(answer: Answer | None) -> None:
            if process is self._being.process:
                self._being.guarded(lambda: hear(answer))()

        self._being.network.call(command, wait_ms, reply)
