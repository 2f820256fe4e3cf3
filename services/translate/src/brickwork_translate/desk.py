"""Where the sentences of all calls meet, so that a model gets full batches.

A model reads its weights once for a batch, however many sentences it holds. What one call lacks to
fill it the others give: whoever's turn it is goes first, and the free seats go round. All of a
batch are of one group, such as of about one length; who is of another waits for a turn of its own.
"""

from collections.abc import Generator, Iterator, Sequence
from typing import Protocol

from brickwork_sdk.engine.shared_steps import SharedSteps
from brickwork_translate.engine import Engine, Progress, TranslateRequest, Translation
from brickwork_translate.order import Ask, Order
from brickwork_translate.pieces import Window


class SentenceModel(Protocol):
    """What runs a model: it translates sentences, each without knowing the others.

    Attributes:
        window: how much text it takes at a time.
    """

    window: Window

    def at_once(self) -> int:
        """Return how many sentences it takes in one batch now."""
        ...

    def require(self, source: str, target: str) -> None:
        """See that it translates between these languages.

        Raises:
            InvalidInput: LANGUAGE_PAIR_UNAVAILABLE.
        """
        ...

    def translate(self, sentences: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[str]:
        """Translate a batch of one group; each sentence has the codes of its source and target."""
        ...


class Desk(Engine):
    """Translates the requests of all calls; the engines of this brick are made of it."""

    def __init__(self, model: SentenceModel) -> None:
        self._model = model
        self._orders: list[Order] = []

    def translate(self, request: TranslateRequest) -> Iterator[Translation | Progress]:
        """Yield the translations in order; see `Engine`. A step is one batch, or one result.

        The request is on the desk from now on and not from its first step, so that a batch which
        begins before that has it too.
        """
        self._model.require(request.source, request.target)
        order = Order(request, self._model.window)
        steps = self._advance(order)
        next(steps)
        return SharedSteps(steps, lambda: order.is_ready)

    def _advance(self, order: Order) -> Generator[Translation | Progress, None, None]:
        self._orders.append(order)
        try:
            yield Progress(0)
            while True:
                yield from order.finished()
                if order.is_done:
                    return
                self._work(order)
                yield Progress(order.sentence_count)
        finally:
            self._orders.remove(order)

    def _work(self, order: Order) -> None:
        """Have one batch translated: the sentences of this order, then of the others in turn."""
        own = order.take(self._model.at_once())
        if not own:
            return
        others = self._from_others(order, self._model.at_once() - len(own), own[0].group)
        try:
            self._answer([*own, *others])
        except Exception:
            if not others:
                raise
            # Whose sentence it was is not known; it is each one's own turn that shall fail.
            for ask in reversed(others):
                ask.order.give_back([ask])
            self._answer(own)

    def _from_others(self, order: Order, free: int, group: int) -> list[Ask]:
        taken: list[Ask] = []
        others = [each for each in self._orders if each is not order]
        while others and len(taken) < free:
            other = others.pop(0)
            if found := other.take(1, group):
                taken += found
                others.append(other)
                # Whoever was served goes behind the rest also in the next batch.
                self._orders.remove(other)
                self._orders.append(other)
        return taken

    def _answer(self, asks: Sequence[Ask]) -> None:
        pairs = [(ask.order.request.source, ask.order.request.target) for ask in asks]
        answers = self._model.translate([ask.text for ask in asks], pairs)
        for ask, text in zip(asks, answers, strict=True):
            ask.answer(text)
