"""An engine without a model: the same sound always gives the same turns and voices."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from brickwork_diarize.engine import (
    SPEECH_MS_MIN,
    DiarizeEvent,
    DiarizeRequest,
    EmbedEvent,
    EmbedRequest,
    Progress,
    RecordingEnd,
    SpeakerVoice,
    Turn,
    Voice,
)
from brickwork_diarize.spans import read_spans, too_short
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.media.audio import read_audio
from brickwork_sdk.media.probe import probe

_BLOCK_SECONDS = 2.0
_VECTOR_SIZE = 256


class ScriptedDiarizeEngine:
    """Lets the speakers take turns of two seconds; two of them, unless asked for others.

    The voice of a recording points to the number of its loud samples, so that equal sound has
    equal voices and other sound most likely others; silence has none.
    """

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return EngineDescription("scripted", "none", "cpu")

    def diarize(self, request: DiarizeRequest) -> Iterator[DiarizeEvent]:
        """Yield progress block by block, a turn for each block, and the end."""
        total_ms = probe(request.audio).duration_ms
        count = max(request.speaker_count_min, min(2, request.speaker_count_max or 2))
        turns: list[Turn] = []
        for block in read_audio(request.audio, block_seconds=_BLOCK_SECONDS):
            end_ms = block.start_ms + len(block.samples) // 16
            turns.append(Turn(block.start_ms, end_ms, f"S{len(turns) % count + 1}"))
            yield Progress(min(end_ms, total_ms), total_ms)
        yield from turns
        count = min(count, len(turns))
        if request.with_voices:
            yield from (SpeakerVoice(f"S{one + 1}", _vector(one)) for one in range(count))
        yield RecordingEnd(count, turns[-1].end_ms if turns else 0)

    def embed_speaker(self, request: EmbedRequest) -> Iterator[EmbedEvent]:
        """Yield progress block by block, then a voice that the loud samples decide."""
        total_ms = probe(request.audio).duration_ms
        loud = 0
        for block in read_spans(request.audio, request.spans, block_seconds=_BLOCK_SECONDS):
            loud += int((np.abs(block.samples) > 0.01).sum())
            yield Progress(min(block.start_ms + len(block.samples) // 16, total_ms), total_ms)
        if (speech_ms := loud // 16) < SPEECH_MS_MIN:
            raise too_short(speech_ms)
        yield Voice(_vector(loud % _VECTOR_SIZE), speech_ms, 1.0)

    def close(self) -> None:
        """Have nothing to let go."""


def load(model_dir: Path, options: Mapping[str, str]) -> ScriptedDiarizeEngine:
    """Need neither model nor options."""
    return ScriptedDiarizeEngine()


def _vector(place: int) -> tuple[float, ...]:
    return tuple(float(place == other) for other in range(_VECTOR_SIZE))
