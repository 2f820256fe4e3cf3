"""Which languages the models of a brick translate between, by what the catalogue says of them."""

from collections.abc import Iterable, Iterator
from itertools import permutations

from brickwork_sdk.errors import InvalidInput, NotPossible, Reason
from brickwork_sdk.models import ServedModel
from brickwork_translate.languages import AUTO, LANGUAGE_CODES

ANY_TO_ANY = "any_to_any"
"""Ability of a model: it translates each of its languages into each other one."""
DETECTS = "detect_languages"
"""Ability of a model: it tells in which of its languages a text is, and translates nothing."""

Pair = tuple[str, str]


class Pairs:
    """The pairs, each with the first model of the catalogue that holds it.

    Attributes:
        detector: name of the model that detects languages; None where there is none.
    """

    def __init__(self, entries: Iterable[ServedModel]) -> None:
        self._models: dict[Pair, str] = {}
        self.detector: str | None = None
        for entry in entries:
            if DETECTS in entry.abilities:
                self.detector = self.detector or entry.name
            for pair in _pairs_of(entry):
                self._models.setdefault(pair, entry.name)

    def model(self, source: str, target: str) -> str | None:
        """Return the model of a pair."""
        return self._models.get((source, target))

    def listed(self, source: str = "", target: str = "") -> Iterator[tuple[Pair, str]]:
        """Yield the pairs with their models, in order; an empty code stands for any language."""
        for pair, model in sorted(self._models.items()):
            if source in ("", pair[0]) and target in ("", pair[1]):
                yield pair, model

    def require(self, source: str, target: str) -> None:
        """See that texts of a language can be translated, or those of any that is detected.

        Raises:
            InvalidInput: LANGUAGE_UNKNOWN, LANGUAGE_PAIR_UNAVAILABLE; ARGUMENT_INVALID, both are
                the same.
            NotPossible: MODEL_CANNOT, no model detects languages here.
        """
        require_code("target_language", target)
        if source == AUTO:
            if self.detector is None:
                raise NotPossible(
                    Reason.MODEL_CANNOT,
                    "No model here detects languages; name that of the texts.",
                    metadata={"field": "source_language"},
                )
            if not any(self.listed(target=target)):
                raise self.unavailable("any language", target)
            return
        require_code("source_language", source)
        if source == target:
            raise InvalidInput(
                Reason.ARGUMENT_INVALID,
                f"The texts are in {source} already; there is nothing to translate.",
                metadata={"field": "target_language"},
            )
        if self.model(source, target) is None:
            raise self.unavailable(source, target)

    def unavailable(self, source: str, target: str) -> InvalidInput:
        """Return the error for a pair without a model; it names those that there are."""
        known = [f"{pair[0]} to {pair[1]}" for pair, _ in self.listed()]
        some = ", ".join(known[:_NAMED_MAX])
        more = f" and {len(known) - _NAMED_MAX:,} more" if len(known) > _NAMED_MAX else ""
        return InvalidInput(
            Reason.LANGUAGE_PAIR_UNAVAILABLE,
            f"There is no model from {source} to {target} here; there are: {some}{more}.",
            metadata={"source": source, "target": target, "pairs": some},
        )


_NAMED_MAX = 20
"""A model for many languages has thousands of pairs, and an error is no place for them."""


def require_code(field: str, code: str) -> None:
    """See that a code is one of a language.

    Raises:
        InvalidInput: LANGUAGE_UNKNOWN.
    """
    if code not in LANGUAGE_CODES:
        raise InvalidInput(
            Reason.LANGUAGE_UNKNOWN,
            f"{field} is no language code of ISO 639-1, such as en or pt.",
            metadata={"field": field, "language": code[:32]},
        )


def _pairs_of(entry: ServedModel) -> Iterator[Pair]:
    if ANY_TO_ANY in entry.abilities:
        yield from permutations(entry.languages, 2)
    elif DETECTS not in entry.abilities:
        source, target = entry.languages
        yield source, target
