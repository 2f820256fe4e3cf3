"""Numbers in digits and in words."""

from collections.abc import Sequence

from brickwork_gateway.grounding.lexicon import Lexicon

_THOUSAND, _THOUSAND_DIGITS = 1_000, 3
_CENTURIES, _YEARS = range(17, 21), range(10, 100)
"""Two numbers that are one year when they follow each other."""


class NumberReader:
    """Reads numbers of a language, the longest that begins at a place."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._words = lexicon.number_words
        self._scales = lexicon.scale_words
        self._joiners = lexicon.joiner_words
        self._halves = lexicon.half_words

    def read(self, words: Sequence[str], place: int) -> tuple[float, int]:
        """Return the number that begins at a place and how many words it has; 0 words for none.

        Args:
            words: folded words and digits, such as `["45,000"]` or `["twenty", "five"]`.
            place: where to begin.
        """
        total = group = 0.0
        at = end = place
        is_joined = False
        scale_before = float("inf")
        while at < len(words):
            half_count = self._half(words, at) if at > place and end == at else 0
            if half_count:
                group += 0.5
                at = end = at + half_count
                continue
            word = words[at]
            scale = self._scales.get(word)
            value = self._value(word)
            if scale is not None and scale < scale_before:
                if is_joined and group:
                    break
                if scale < _THOUSAND:  # a hundred stays within its group
                    if group >= scale:
                        break
                    group = (group or 1) * scale
                else:
                    total, group, scale_before = total + (group or 1) * scale, 0.0, scale
            elif value is not None and group in _CENTURIES and value in _YEARS and not is_joined:
                group = group * 100 + value  # nineteen seventy-three
            elif value is not None and self._fits(group, value, word) and value < scale_before:
                group += value
            elif word in self._joiners and end == at and at > place and not is_joined:
                is_joined, at = True, at + 1
                continue
            else:
                break
            is_joined, at = False, at + 1
            end = at
        return total + group, end - place

    def _half(self, words: Sequence[str], at: int) -> int:
        """Count the words of "and a half" where it stands; 0 elsewhere."""
        if words[at] not in self._joiners:
            return 0
        after = [word in self._halves for word in words[at + 1 : at + 3]]
        return after.index(True) + 2 if True in after else 0

    def _value(self, word: str) -> float | None:
        return parsed_digits(word) if word[0].isdigit() else self._words.get(word)

    @staticmethod
    def _fits(group: float, value: float, word: str) -> bool:
        """Tell whether a value may follow what was read, such as five after twenty."""
        if group == 0 or word[0].isdigit():
            return group == 0
        for limit, smallest in ((10, 20), (100, 100)):
            if value < limit:
                return group >= smallest and group % limit == 0
        return False


def parsed_digits(text: str) -> float:
    """Read digits with points and commas, whichever of them divides thousands."""
    *heads, tail = text.replace(",", ".").split(".")
    if not heads:
        return float(tail)
    if len(tail) == _THOUSAND_DIGITS and heads[0] != "0":
        return float("".join([*heads, tail]))
    return float("".join(heads) + "." + tail)
