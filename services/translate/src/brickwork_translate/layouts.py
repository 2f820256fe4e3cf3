"""How the families of translation models want their tokens, told by the files of a folder.

All are sequence-to-sequence models for CTranslate2 with SentencePiece vocabularies. OPUS-MT models
hold one direction and have a vocabulary for each side; NLLB and M2M100 have one for all languages,
and tokens that name the languages.
"""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Protocol

import sentencepiece

from brickwork_sdk.errors import InvalidInput, NotPossible, Reason
from brickwork_translate.nllb_codes import NLLB_CODES

_END = "</s>"
_VOCABULARIES = ("shared_vocabulary", "source_vocabulary")
_SHARED_PIECES = ("sentencepiece.bpe.model", "spm.128k.model", "spm.model", "sentencepiece.model")
_KNOWN_SHARE_MIN = 0.5
"""Of the pieces of a vocabulary the model must know so many, or the two were never one model."""


class Layout(Protocol):
    """How a family of models wants its tokens.

    Attributes:
        family: its name.
    """

    family: str

    def tokens(self, text: str, source: str) -> list[str]:
        """Return the tokens of a text in the source language."""
        ...

    def size(self, text: str) -> int:
        """Count the tokens of a text."""
        ...

    def prefix(self, target: str) -> list[str]:
        """Return the tokens that a translation begins with."""
        ...

    def text(self, tokens: Sequence[str]) -> str:
        """Return the text of a translation's tokens without those of its prefix."""
        ...

    def require(self, source: str, target: str) -> None:
        """See that both languages have a name here.

        Raises:
            InvalidInput: LANGUAGE_PAIR_UNAVAILABLE.
        """
        ...


class OpusLayout:
    """OPUS-MT: two vocabularies, one direction, nothing said of languages."""

    family = "OPUS-MT"

    def __init__(self, model_dir: Path, known: Collection[str], adds_end: bool) -> None:
        self._source = _pieces(model_dir / "source.spm", known)
        self._target = _pieces(model_dir / "target.spm", None)
        # Some converters leave the end of a text to the model, others to whoever calls it.
        self._end = [] if adds_end else [_END]

    def tokens(self, text: str, source: str) -> list[str]:
        """Return the pieces, with an end where the model does not add it."""
        return [*_encoded(self._source, text), *self._end]

    def size(self, text: str) -> int:
        """Count the pieces and the end."""
        return len(_encoded(self._source, text)) + 1

    def prefix(self, target: str) -> list[str]:
        """Begin with nothing."""
        return []

    def text(self, tokens: Sequence[str]) -> str:
        """Join the pieces of the target's vocabulary."""
        return str(self._target.decode(list(tokens)))

    def require(self, source: str, target: str) -> None:
        """Hold one direction, that of the catalogue; the brick asks for no other."""


class MultilingualLayout:
    """NLLB and M2M100: one vocabulary, and a token for each language, before both texts."""

    def __init__(
        self,
        family: str,
        pieces: sentencepiece.SentencePieceProcessor,
        names: dict[str, str],
    ) -> None:
        self.family = family
        self._pieces = pieces
        self._names = names

    def tokens(self, text: str, source: str) -> list[str]:
        """Return the name of the language, the pieces and the end."""
        return [self._names[source], *_encoded(self._pieces, text), _END]

    def size(self, text: str) -> int:
        """Count the name of the language, the pieces and the end."""
        return len(_encoded(self._pieces, text)) + 2

    def prefix(self, target: str) -> list[str]:
        """Begin with the name of the language."""
        return [self._names[target]]

    def text(self, tokens: Sequence[str]) -> str:
        """Join the pieces."""
        return str(self._pieces.decode(list(tokens)))

    def require(self, source: str, target: str) -> None:
        """See that both languages have a token; see `Layout`."""
        for code in (source, target):
            if code not in self._names:
                raise InvalidInput(
                    Reason.LANGUAGE_PAIR_UNAVAILABLE,
                    f"This {self.family} model has no token for the language {code}.",
                    metadata={"source": source, "target": target, "language": code},
                )


def recognise(model_dir: Path) -> Layout:
    """Tell by its files how a model wants its tokens.

    Raises:
        NotPossible: MODEL_UNREADABLE, the files are of no known family, or not of one model.
    """
    known = _vocabulary(model_dir)
    if (model_dir / "source.spm").exists() and (model_dir / "target.spm").exists():
        return OpusLayout(model_dir, known, _adds_end(model_dir))
    shared = next((name for name in _SHARED_PIECES if (model_dir / name).exists()), None)
    if shared is None:
        names = ", ".join(("source.spm with target.spm", *_SHARED_PIECES))
        raise unreadable(shared or "*.spm", f"The model has no vocabulary of pieces: {names}.")
    nllb = {code: name for code, name in NLLB_CODES.items() if name in known}
    m2m = {token[2:-2]: token for token in known if token[:2] == token[-2:] == "__"}
    names_of = nllb or m2m
    if len(names_of) < 2:
        fault = "names no languages, neither as eng_Latn nor as __en__"
        raise unreadable(shared, f"The vocabulary of the model {fault}.")
    pieces = _pieces(model_dir / shared, known)
    return MultilingualLayout("NLLB" if nllb else "M2M100", pieces, names_of)


def unreadable(path: str, sentence: str) -> NotPossible:
    """Return the error for a model that is damaged or of a kind that nobody here knows."""
    return NotPossible(Reason.MODEL_UNREADABLE, sentence, metadata={"file": path})


def _vocabulary(model_dir: Path) -> frozenset[str]:
    for name in _VOCABULARIES:
        for path in (model_dir / f"{name}.json", model_dir / f"{name}.txt"):
            if not path.exists():
                continue
            try:
                content = path.read_text("utf-8")
                words = json.loads(content) if path.suffix == ".json" else content.split("\n")
                return frozenset(map(str, words))
            except (ValueError, TypeError) as error:
                raise unreadable(path.name, f"The file {path.name} is no list of words.") from error
    raise unreadable(
        "shared_vocabulary.json", "The model lacks its vocabulary: it is none of CTranslate2."
    )


def _adds_end(model_dir: Path) -> bool:
    path = model_dir / "config.json"
    try:
        return path.exists() and bool(json.loads(path.read_text("utf-8")).get("add_source_eos"))
    except (ValueError, AttributeError) as error:
        raise unreadable(path.name, "The file config.json is no object of JSON.") from error


def _pieces(path: Path, known: Collection[str] | None) -> sentencepiece.SentencePieceProcessor:
    """Load a vocabulary of pieces, and see that the model knows them."""
    try:
        pieces = sentencepiece.SentencePieceProcessor(model_file=str(path))
    except (OSError, RuntimeError) as error:
        raise unreadable(path.name, f"The file {path.name} is no SentencePiece model.") from error
    if known is not None:
        count = pieces.get_piece_size()
        share = sum(pieces.id_to_piece(number) in known for number in range(count)) / count
        if share < _KNOWN_SHARE_MIN:
            fault = f"knows {share:.0%} of the pieces in {path.name}: they are not of one model"
            raise unreadable(path.name, f"The model {fault}.")
    return pieces


def _encoded(pieces: sentencepiece.SentencePieceProcessor, text: str) -> list[str]:
    return list(pieces.encode(text, out_type=str))
