"""Tells the words that follow upon a known beginning of a text."""

from collections.abc import Sequence

from brickwork_asr.engine import Word


def words_after(said: str, words: Sequence[Word]) -> list[Word]:
    """Return the words after those of `said`.

    They are counted by their letters: what was one word may come back as two, as "ill-disposed"
    does. A word that has merely grown by a full stop is still the known one.
    """
    known = len("".join(said.split()))
    for at, word in enumerate(words):
        if known <= 0:
            return list(words[at:])
        known -= len(word.text)
    return []
