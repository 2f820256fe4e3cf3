"""What a request must be like, seen before it costs anything."""

from collections.abc import Iterable, Sequence

from brickwork.translate.v1 import translate_pb2
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_translate.engine import TEXT_BYTES_MAX, TEXT_COUNT_MAX, Term

TERM_COUNT_MAX = 200
TERM_CHARS_MAX = 200
LIVE_TEXT_BYTES_MAX = 16 * 1024
ID_CHARS_MAX = 64


def require_size(texts: Sequence[str]) -> None:
    """See that the texts are not too many.

    Raises:
        InvalidInput: TEXT_TOO_LONG.
    """
    size_bytes = sum(len(text.encode()) for text in texts)
    if len(texts) > TEXT_COUNT_MAX or size_bytes > TEXT_BYTES_MAX:
        raise InvalidInput(
            Reason.TEXT_TOO_LONG,
            f"{len(texts):,} texts of {size_bytes:,} bytes are too much for one call; "
            f"it takes {TEXT_COUNT_MAX:,} texts and {TEXT_BYTES_MAX:,} bytes.",
            metadata={"text_count_max": str(TEXT_COUNT_MAX), "bytes_max": str(TEXT_BYTES_MAX)},
        )


def require_live(text: translate_pb2.LiveText) -> None:
    """See that a text of a stream has a name and is not too long.

    Raises:
        InvalidInput: ARGUMENT_INVALID, TEXT_TOO_LONG.
    """
    if not 1 <= len(text.id) <= ID_CHARS_MAX:
        raise _invalid("id", f"takes 1 to {ID_CHARS_MAX} characters")
    size_bytes = len(text.text.encode())
    if size_bytes > LIVE_TEXT_BYTES_MAX:
        raise InvalidInput(
            Reason.TEXT_TOO_LONG,
            f"{size_bytes:,} bytes are too much for a live text; "
            f"it takes {LIVE_TEXT_BYTES_MAX:,} bytes.",
            metadata={"bytes_max": str(LIVE_TEXT_BYTES_MAX)},
        )


def glossary_of(terms: "Iterable[translate_pb2.GlossaryTerm]") -> tuple[Term, ...]:
    """Return the glossary of a request.

    Raises:
        InvalidInput: ARGUMENT_INVALID, naming the term.
    """
    glossary: dict[str, Term] = {}
    for place, term in enumerate(terms):
        if place >= TERM_COUNT_MAX:
            raise _invalid("glossary", f"takes at most {TERM_COUNT_MAX} terms")
        for field, words in (("source", term.source), ("target", term.target)):
            name = f"glossary[{place}].{field}"
            if not 1 <= len(words) <= TERM_CHARS_MAX or words != words.strip():
                raise _invalid(
                    name, f"takes 1 to {TERM_CHARS_MAX} characters that begin and end with no blank"
                )
            if not words.isprintable():
                raise _invalid(name, "takes no line breaks and no control characters")
        if term.source in glossary:
            raise _invalid(f"glossary[{place}].source", "repeats an earlier term")
        glossary[term.source] = Term(term.source, term.target)
    return tuple(glossary.values())


def _invalid(field: str, fault: str) -> InvalidInput:
    return InvalidInput(
        Reason.ARGUMENT_INVALID, f"The field {field} {fault}.", metadata={"field": field}
    )
