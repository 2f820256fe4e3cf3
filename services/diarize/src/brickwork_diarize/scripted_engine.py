"""An engine without a model: the same sound always gives the same turns."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from brickwork_diarize.engine import DiarizeEvent, DiarizeRequest, Progress, RecordingEnd, Turn
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.media.audio import read_audio
from brickwork_sdk.media.probe import probe

_BLOCK_SECONDS = 2.0


class ScriptedDiarizeEngine:
    """Lets the speakers take turns of two seconds; two of them, unless asked for others."""

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return EngineDescription("scripted", "none", "cpu")

    def diarize(self, request: DiarizeRequest) -> Iterator[DiarizeEvent]:
        """Yield progress block by block, a turn for each block, and the end."""
        total_ms = probe(request.audio).duration_ms
        count = request.speaker_count or 2
        turns: list[Turn] = []
        for block in read_audio(request.audio, block_seconds=_BLOCK_SECONDS):
            end_ms = block.start_ms + len(block.samples) // 16
            turns.append(Turn(block.start_ms, end_ms, f"S{len(turns) % count + 1}"))
            yield Progress(min(end_ms, total_ms), total_ms)
        yield from turns
        yield RecordingEnd(min(count, len(turns)), turns[-1].end_ms if turns else 0)

    def close(self) -> None:
        """Have nothing to let go."""


def load(model_dir: Path, options: Mapping[str, str]) -> ScriptedDiarizeEngine:
    """Need neither model nor options."""
    return ScriptedDiarizeEngine()
