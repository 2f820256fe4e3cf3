"""One sentence on its way through a model, with what must survive in it.

A model copies made-up names of capitals and digits nearly always, so what must survive goes through
it under such a name. Where one does not come back, other names are tried; where those do not come
back either, the words between are translated by themselves.
"""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from brickwork_translate.engine import Kind, Missing
from brickwork_translate.keeps import MARK, Keep, numbers_of

_NAMES = ("XX{}", "[{}]")
"""Of 19 forms tried on the Bergamot models in 10 sentences each way, the first came back always;
the second is of another kind, and came back from those that were tried with it too."""
NAMES_MAX = 24
"""A sentence with more to keep is translated in parts at once: no model keeps so many in order."""

_NUMBER = re.compile(r"\d[\d.,:]{0,30}(?<=\d)|\d")


@dataclass(frozen=True)
class Done:
    """A translated sentence.

    Attributes:
        text: with all that had to survive, but for what is missing.
        missing: numbers that did not come back.
        is_parted: whether it was translated in parts.
    """

    text: str
    missing: tuple[Missing, ...]
    is_parted: bool


Asking = Generator[tuple[str, ...], list[str], Done]
"""Yields texts for the model, none longer than the sentence, is sent its answers, and returns."""


def translated(sentence: str, keeps: Sequence[Keep]) -> Asking:
    """Translate a sentence in which each part to keep has a mark."""
    done = None
    for name in _NAMES if len(keeps) <= NAMES_MAX else ():
        done = yield from _named(sentence, keeps, name)
        if done is not None or not keeps:
            break
    if done is None:
        return (yield from _parted(sentence, keeps))
    if done.missing and len(keeps) < NAMES_MAX:
        marked, more = _with_numbers(sentence, keeps)
        again = yield from _named(marked, more, _NAMES[0])
        done = again or done
    return done


def filled(text: str, keeps: Sequence[Keep]) -> str:
    """Put what was kept into a text that was not translated."""
    left = iter(keeps)
    return re.sub(MARK, lambda _: next(left).becomes, text)


def _named(
    sentence: str, keeps: Sequence[Keep], name: str
) -> Generator[tuple[str, ...], list[str], Done | None]:
    """Translate a sentence with names for marks; None where one was lost or doubled."""
    names = [name.format(place + 1) for place in range(len(keeps))]
    glued = [_is_glued(sentence, each.start()) for each in re.finditer(MARK, sentence)]
    apart = [f"{' ' * glue[0]}{one}{' ' * glue[1]}" for one, glue in zip(names, glued, strict=True)]
    left = iter(apart)
    (answer,) = yield (re.sub(MARK, lambda _: next(left), sentence),)
    pattern = re.compile("|".join(map(_alone, names)) or "(?!)")
    found = [names.index(each) for each in pattern.findall(answer)]
    if sorted(found) != list(range(len(names))) or not _is_nested(found, keeps):
        return None
    missing = _missing_numbers(sentence, pattern.sub(" ", answer))
    for each, keep, (before, after) in zip(names, keeps, glued, strict=True):
        place = f"{' ?' * before}{_alone(each)}{' ?' * after}"
        begin, end = _span(place, answer)
        answer = answer[:begin] + keep.becomes + answer[end:]
    return Done(answer, missing, is_parted=False)


def _parted(sentence: str, keeps: Sequence[Keep]) -> Asking:
    """Translate the words between what must survive."""
    parts = sentence.split(MARK)
    words = [part.strip() for part in parts]
    asked = [each for each in words if any(map(str.isalpha, each))]
    answers = iter((yield tuple(asked)) if asked else ())
    whole = ""
    for place, (part, each) in enumerate(zip(parts, words, strict=True)):
        begin = part.index(each)
        answer = next(answers) if any(map(str.isalpha, each)) else each
        whole += part[:begin] + answer + part[begin + len(each) :]
        whole += keeps[place].becomes if place < len(keeps) else ""
    spoken = sentence.replace(MARK, " ")
    kept = sum((numbers_of(keep.becomes) for keep in keeps), start=numbers_of(""))
    lost = numbers_of(spoken) + kept - numbers_of(whole)
    return Done(whole, _numbers(lost), is_parted=True)


def _with_numbers(sentence: str, keeps: Sequence[Keep]) -> tuple[str, list[Keep]]:
    """Return the sentence with a mark for its numbers too."""
    left, more = iter(keeps), []
    for each in re.finditer(f"{MARK}|{_NUMBER.pattern}", sentence):
        is_kept = each.group() == MARK
        more.append(next(left) if is_kept else Keep(Kind.NUMBER, each.group(), each.group()))
    return _NUMBER.sub(MARK, sentence), more


def _span(pattern: str, text: str) -> tuple[int, int]:
    found = re.search(pattern, text)
    assert found is not None, "what was counted before is there"
    return found.span()


def _alone(name: str) -> str:
    return rf"(?<!\w){re.escape(name)}(?!\w)"


def _is_glued(sentence: str, place: int) -> tuple[bool, bool]:
    """Tell whether a mark stands right behind, and right before, a word or another mark."""
    around = sentence[max(0, place - 1) : place], sentence[place + 1 : place + 2]
    before, after = (each.isalnum() or each == MARK for each in around)
    return before, after


def _is_nested(found: Sequence[int], keeps: Sequence[Keep]) -> bool:
    """Tell whether markup comes back in its order: what is opened must be closed afterwards."""
    markup = [place for place in found if keeps[place].kind is Kind.MARKUP]
    return markup == sorted(markup)


def _missing_numbers(sentence: str, answer: str) -> tuple[Missing, ...]:
    return _numbers(numbers_of(sentence.replace(MARK, " ")) - numbers_of(answer))


def _numbers(lost: "dict[str, int]") -> tuple[Missing, ...]:
    return tuple(Missing(Kind.NUMBER, each) for each in lost for _ in range(lost[each]))
