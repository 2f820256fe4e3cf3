"""Tell whose voice it is, by the voice prints of a tenant."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import mul

from brickwork.diarize.v1 import diarize_pb2
from brickwork_diarize.voice_print import VoicePrint

SIMILARITY_MIN = 0.8
"""Two voices that are less alike are taken for two people. Of 42 pairs of one person's voices and
393 of two people's, by which it was chosen, that was wrong for two and for three."""
_EVEN_SIMILARITY, _STEEPNESS = 0.77, 37.0
"""A logistic curve through the same pairs, half as steep as the one that fits them best: voices of
other days and other microphones lie further apart."""

Vector = Sequence[float]


@dataclass(frozen=True)
class Match:
    """A voice print, and how alike a voice is to it, -1 to 1."""

    voice_print: VoicePrint
    similarity: float

    @property
    def confidence(self) -> float:
        """How likely it is the same person, 0 to 1, where both are as likely beforehand."""
        return 1.0 / (1.0 + math.exp(_STEEPNESS * (_EVEN_SIMILARITY - self.similarity)))


def best_match(vector: Vector, known: Sequence[VoicePrint]) -> Match | None:
    """Return the voice print that is most alike, None where none is alike enough.

    Args:
        vector: of length 1.
        known: voice prints of the same model.
    """
    matches = name_speakers({"": vector}, known)
    return matches.get("")


def name_speakers(vectors: Mapping[str, Vector], known: Sequence[VoicePrint]) -> dict[str, Match]:
    """Return whose voice print each speaker of a recording has, if any.

    Nobody is two speakers of one recording: the most alike pair comes first.

    Args:
        vectors: the voice of each speaker, of length 1.
        known: voice prints of the same model.
    """
    # Plain numbers: a library for tables would be loaded for this alone, and at its worst, twenty
    # speakers and a thousand prints, this takes less than a second.
    alike = (
        (similarity, speaker, voice_print)
        for speaker, vector in vectors.items()
        for voice_print in known
        if (similarity := sum(map(mul, vector, voice_print.vector))) >= SIMILARITY_MIN
    )
    found: dict[str, Match] = {}
    taken: set[str] = set()
    for similarity, speaker, voice_print in sorted(alike, key=lambda pair: -pair[0]):
        if speaker not in found and voice_print.voice_print_id not in taken:
            found[speaker] = Match(voice_print, similarity)
            taken.add(voice_print.voice_print_id)
    return found


def match_to_proto(match: Match) -> diarize_pb2.VoiceMatch:
    """Render a match for the wire."""
    return diarize_pb2.VoiceMatch(
        voice_print_id=match.voice_print.voice_print_id,
        name=match.voice_print.name,
        similarity=match.similarity,
        confidence=match.confidence,
    )
