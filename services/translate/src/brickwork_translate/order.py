"""One request on its way: texts into sentences, sentences through the model, and together again."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from brickwork_translate.engine import Missing, TranslateRequest, Translation
from brickwork_translate.keeps import MARK, Keeper
from brickwork_translate.pieces import Window, cut
from brickwork_translate.sentence import Asking, Done, filled, translated

AHEAD_MAX = 64
"""Texts that may be under way or unread, for a slow reader must not pile up what nobody reads; and
sentences that are looked at for those that may share a batch."""
_NAME_LIKE = " XX10 "
"""In place of each mark while a text is measured: what the model will be shown is as long."""


@dataclass(eq=False)
class _Text:
    """A text under way; it is cut as it is needed, and its parts are filled in any order."""

    index: int
    is_cut: bool = False
    parts: list[str] = field(default_factory=list)
    open_count: int = 0
    missing: list[Missing] = field(default_factory=list)
    parted_count: int = 0


@dataclass(eq=False)
class Ask:
    """A text that the model is to translate for an order.

    Attributes:
        order: whose it is.
        text: for the model.
        group: of texts that it may share a batch with; see `Window`.
    """

    order: "Order"
    text: str
    group: int
    _sentence: "_Sentence"
    _place: int

    def answer(self, text: str) -> None:
        """Take in what the model says."""
        self._sentence.answers[self._place] = text
        if all(each is not None for each in self._sentence.answers):
            self.order.go_on(self._sentence)


@dataclass(eq=False)
class _Sentence:
    text: _Text
    part: int
    steps: Asking
    answers: list[str | None] = field(default_factory=list)


class Order:
    """The texts of a request, opened as they are needed.

    Attributes:
        request: what is asked.
        sentence_count: sentences that are done.
    """

    def __init__(self, request: TranslateRequest, window: Window) -> None:
        self.request = request
        self.sentence_count = 0
        self._window = replace(window, size=lambda text: window.size(_shown(text)))
        self._keeper = Keeper(request.glossary)
        self._unasked = self._cut()
        self._opened: deque[_Text] = deque()
        self._asks: deque[Ask] = deque()
        self._left = len(request.texts)

    @property
    def is_done(self) -> bool:
        """Whether every text has been handed out."""
        return self._left == 0

    @property
    def is_ready(self) -> bool:
        """Whether a text is done that was not handed out, or every one was."""
        return self.is_done or self._is_next_done

    @property
    def _is_next_done(self) -> bool:
        first = self._opened[0] if self._opened else None
        return first is not None and first.is_cut and not first.open_count

    def take(self, count: int, group: int | None = None) -> list[Ask]:
        """Hand out what the model is to translate next, at most so many, all of one group.

        Args:
            count: of asks at most.
            group: of the asks; that of the first by default, which so never waits for others.
        """
        # One more is looked at, for only then it is known that a text has come to its end.
        while len(self._alike(group)) <= count and self._may_look_ahead:
            sentence = next(self._unasked, None)
            if sentence is None:
                break
            self._advance(sentence, None)
        taken = self._alike(group)[:count]
        for ask in taken:
            self._asks.remove(ask)
        return taken

    @property
    def _may_look_ahead(self) -> bool:
        return len(self._opened) < AHEAD_MAX and len(self._asks) < AHEAD_MAX

    def _alike(self, group: int | None) -> list[Ask]:
        if group is None and self._asks:
            group = self._asks[0].group
        return [ask for ask in self._asks if ask.group == group]

    def give_back(self, asks: list[Ask]) -> None:
        """Take back what was handed out and not answered."""
        self._asks.extendleft(reversed(asks))

    def finished(self) -> Iterator[Translation]:
        """Yield the next translations, in order, as far as they are done."""
        while self._is_next_done:
            text = self._opened.popleft()
            self._left -= 1
            whole = "".join(text.parts)
            yield Translation(text.index, whole, tuple(text.missing), text.parted_count)

    def go_on(self, sentence: _Sentence) -> None:
        """Tell a sentence what the model said; it asks again, or is done."""
        self._advance(sentence, [each for each in sentence.answers if each is not None])

    def _cut(self) -> Iterator[_Sentence]:
        """Yield the sentences of all texts; what stands between them is put into its place."""
        for index, content in enumerate(self.request.texts):
            text = _Text(index)
            self._opened.append(text)
            for line in content.splitlines(keepends=True):
                marked, keeps = self._keeper.mark(line)
                for piece in cut(marked, self._window):
                    count = piece.text.count(MARK)
                    own, keeps = keeps[:count], keeps[count:]
                    text.parts.append("" if piece.has_words else filled(piece.text, own))
                    if piece.has_words:
                        text.open_count += 1
                        yield _Sentence(text, len(text.parts) - 1, translated(piece.text, own))
            text.is_cut = True

    def _advance(self, sentence: _Sentence, answers: list[str] | None) -> None:
        try:
            asked = next(sentence.steps) if answers is None else sentence.steps.send(answers)
        except StopIteration as end:
            self._finish(sentence, end.value)
        else:
            sentence.answers = [None] * len(asked)
            self._asks.extend(
                Ask(self, text, self._window.group(text), sentence, place)
                for place, text in enumerate(asked)
            )

    def _finish(self, sentence: _Sentence, done: Done) -> None:
        text = sentence.text
        text.parts[sentence.part] = done.text
        text.open_count -= 1
        text.missing += done.missing
        text.parted_count += done.is_parted
        self.sentence_count += 1


def _shown(text: str) -> str:
    return text.replace(MARK, _NAME_LIKE)
