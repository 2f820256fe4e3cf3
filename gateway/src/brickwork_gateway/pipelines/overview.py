"""What one look over a transcript tells: its language, its voices, its most telling sentences."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from brickwork_gateway.grounding.spoken import Spoken
from brickwork_gateway.grounding.voices import Voices
from brickwork_gateway.pipelines.extraction import Extraction
from brickwork_gateway.pipelines.sentences import sentences, split

Body = dict[str, Any]


class Overview:
    """Takes in a transcript stretch by stretch and keeps little of it.

    Args:
        wanted_language: what the caller said; counts where no segment knows better.
        written_in: language of the text where that is not the spoken one.
    """

    def __init__(self, wanted_language: str | None, written_in: str | None = None) -> None:
        self._wanted_language = wanted_language
        self._written_in = written_in
        self._spoken_ms = Counter[str]()
        self._voices: Voices | None = None
        self._extraction = Extraction()
        self.has_words = False

    def add(self, segments: Sequence[Body]) -> None:
        """Take in the next stretch."""
        for segment in segments:
            if segment["language"]:
                self._spoken_ms[segment["language"]] += segment["end_ms"] - segment["start_ms"]
        said = sentences(segments)
        self.has_words = self.has_words or bool(said)
        self._extraction.add(said)
        # Who is who is said at the beginning, and so is in which language.
        self._voices = self._voices or Voices(self.language)
        for sentence in said:
            for spoken in as_spoken(sentence):
                self._voices.hear(spoken)

    @property
    def language(self) -> str | None:
        """The language of most of the text by time, ISO 639-1; None when nobody knows."""
        found = self._spoken_ms.most_common(1)
        if self._written_in:
            return self._written_in
        return found[0][0] if found else self._wanted_language

    @property
    def voices(self) -> Mapping[str, frozenset[str]]:
        """The folded names of each speaker."""
        return self._voices.names() if self._voices else {}

    @property
    def picked(self) -> list[Body]:
        """The sentences that tell most."""
        return self._extraction.picked()


def as_spoken(sentence: Body) -> list[Spoken]:
    """Show what was said as the check takes it; a segment without words has several sentences."""
    speaker, segments = sentence["speaker"], tuple(sentence["segments"])
    return [Spoken(text, speaker, segments) for text in split(sentence["text"])]
