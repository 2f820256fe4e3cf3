"""Which words of live speech are final: those that two hypotheses in a row agree on.

Source: LocalAgreement-2, Liu et al. 2020, "Low-Latency Sequence-to-Sequence Speech Recognition and
Translation by Partial Hypothesis Selection"; for Whisper, Macháček, Dabre and Bojar 2023, "Turning
Whisper into Real-Time Transcription System", section 2.
"""

import unicodedata
from collections.abc import Sequence

from brickwork_asr.engine import Word


class Agreement:
    """Compares each hypothesis with the one before it.

    A hypothesis begins after the words that are final already. Its last word is never final by
    agreement: the sound may break off within it, and its full stop comes with the word after it.

    Attributes:
        tentative: the words of the last hypothesis that are not final.
    """

    def __init__(self) -> None:
        self.tentative: tuple[Word, ...] = ()

    def hear(self, words: Sequence[Word]) -> list[Word]:
        """Take in a hypothesis and return which of its words have become final."""
        agreed = 0
        for before, now in zip(self.tentative, words[:-1], strict=False):
            if plain(before.text) != plain(now.text):
                break
            agreed += 1
        self.tentative = tuple(words[agreed:])
        return list(words[:agreed])

    def settle(self, before_ms: int | None = None) -> list[Word]:
        """Make words final for which no other hypothesis will come, and return them.

        Args:
            before_ms: only the words up to the first one that ends later; None for all.
        """
        count = len(self.tentative)
        if before_ms is not None:
            ends = (word.end_ms > before_ms for word in self.tentative)
            count = next((at for at, is_late in enumerate(ends) if is_late), count)
        settled = list(self.tentative[:count])
        self.tentative = self.tentative[count:]
        return settled


def plain(text: str) -> str:
    """Return a word as it is compared: a capital or a comma is no other word."""
    kept = "".join(sign for sign in text if unicodedata.category(sign)[0] not in "PS")
    return kept.casefold() or text
