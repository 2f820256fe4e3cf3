"""What of a live stream is final, what is not, and which of its sound is still needed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from brickwork_asr.agreement import Agreement
from brickwork_asr.engine import Hypothesis, Segment, Word
from brickwork_asr.sentences import cut_sentences, ends_sentence, segment_of
from brickwork_asr.spoken_language import SpokenLanguage

PAUSE_MS = 300
"""Speech that ended so long ago is over, and its words are final. The detector ends it 400 ms late,
so that the pause is 700 ms."""
ONSET_MS = 1_000
"""Speech that began this short a time ago may not have been noticed yet."""
CONTEXT_MS = 15_000
"""More sound than this is cut where a sentence ended: what is final helps to understand what comes
next, and costs more the longer it is. Source: Macháček et al. 2023, section 2."""
TAIL_MS = 1_500
"""Where nothing more can be held, words that end so late are left to be heard again."""
_LONG_PAUSE_MS = 2_000
"""After so long a pause what was said before is of no help."""
_GUESSED_MS_MAX = 10_000
"""A language that is not clear in so much speech will not become so."""


@dataclass(frozen=True)
class Held:
    """The sound that a hypothesis is of.

    Attributes:
        start_ms: where in the stream it begins.
        end_ms: where it ends.
        is_full: whether no more can be held.
        is_over: whether nothing will come after it.
    """

    start_ms: int
    end_ms: int
    is_full: bool = False
    is_over: bool = False


class LiveTranscript:
    """Takes in one hypothesis after the other.

    Attributes:
        language: of the stream; None until it is clear, unless it was given.
        final_ms: all words before this are final.
        heard_ms: speech that ends before this has all of its words.
        keep_from_ms: sound before this is of no more use.
    """

    def __init__(self, language: str | None) -> None:
        self.language = language
        self.final_ms = self.heard_ms = self.keep_from_ms = 0
        self._agreement = Agreement()
        self._said: list[Word] = []
        self._last_end_ms = self._said_ms = 0
        self._spoken = SpokenLanguage()
        self._heard = self._likeliest = language or ""

    @property
    def said(self) -> str:
        """The final words whose sound is still held, as text."""
        return segment_of(self._said, self._heard).text if self._said else ""

    @property
    def partial(self) -> Segment | None:
        """What was understood beyond what is final; None where there is nothing."""
        words = self._agreement.tentative
        return segment_of(words, self._heard) if words else None

    def hear(self, hypothesis: Hypothesis, held: Held) -> list[Segment]:
        """Take in a hypothesis and return what has become final."""
        words = self._agreement.hear(self._in_order(hypothesis.words))
        speech = hypothesis.speech
        if held.is_over or speech is None or speech.end_ms + PAUSE_MS <= held.end_ms:
            words += self._agreement.settle()
            ended_ms = held.end_ms if held.is_over else held.end_ms - ONSET_MS
            self.heard_ms = max(self.heard_ms, speech.end_ms if speech else 0)
            self.final_ms = max(self.final_ms, self.heard_ms, ended_ms)
        elif held.is_full:
            words += self._agreement.settle(held.end_ms - TAIL_MS)
        self._listen(hypothesis, words)
        if words:
            self._said += words
            self._last_end_ms = words[-1].end_ms
            self.final_ms = max(self.final_ms, self._last_end_ms)
        self._forget(hypothesis, held)
        return list(cut_sentences(words, self._heard))

    def _listen(self, hypothesis: Hypothesis, final: Sequence[Word]) -> None:
        """Note the language of a hypothesis, which holds for the stream once it is clear.

        Until then each step hears it anew, in more sound. What is final stays as it is.
        """
        heard = hypothesis.language
        if heard is not None:
            self._heard = heard.code
            speech_ms = _length_ms([*self._said, *hypothesis.words])
            self._likeliest = self._spoken.follow(heard, speech_ms / 1000)
        self._said_ms += _length_ms(final)
        if self.language is None and (self._spoken.is_clear or self._said_ms >= _GUESSED_MS_MAX):
            self.language = self._likeliest

    def _in_order(self, words: Sequence[Word]) -> list[Word]:
        """Return the words with times after those of what is final, which are not said again."""
        earliest_ms = max(self._last_end_ms, self.keep_from_ms)
        return [
            replace(
                word,
                start_ms=max(word.start_ms, earliest_ms),
                end_ms=max(word.end_ms, earliest_ms),
            )
            for word in words
        ]

    def _forget(self, hypothesis: Hypothesis, held: Held) -> None:
        """Decide from where on sound is needed."""
        speech, tentative = hypothesis.speech, self._agreement.tentative
        keep_from_ms = held.start_ms
        if speech is None or (not tentative and speech.end_ms + _LONG_PAUSE_MS <= held.end_ms):
            keep_from_ms = held.end_ms - ONSET_MS
        elif held.is_full:
            keep_from_ms = self._said[-1].end_ms if self._said else held.end_ms - TAIL_MS
        elif held.end_ms - held.start_ms > CONTEXT_MS:
            ends = [word.end_ms for word in self._said if ends_sentence(word)]
            keep_from_ms = ends[-1] if ends else held.start_ms
        elif not self._said:
            keep_from_ms = speech.start_ms
        self.keep_from_ms = max(self.keep_from_ms, keep_from_ms)
        self._said = [word for word in self._said if word.start_ms >= self.keep_from_ms]


def _length_ms(words: Sequence[Word]) -> int:
    """Return for how long words are spoken."""
    return sum(word.end_ms - word.start_ms for word in words)
