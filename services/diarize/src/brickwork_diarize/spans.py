"""Read the spans of a recording in which a voice is looked for."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from brickwork_diarize.engine import SPANS_MS_MAX, SPEECH_MS_MIN, Span
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, AudioBlock, read_audio

_PER_MS = SAMPLE_RATE_HZ // 1000


def read_spans(path: Path, spans: Sequence[Span], *, block_seconds: float) -> Iterator[AudioBlock]:
    """Yield the sound of each span in blocks that never reach beyond it.

    Args:
        path: the recording.
        spans: where to listen, in order; none is its beginning, `SPANS_MS_MAX` of it.
        block_seconds: the length of a block; the last one of a span may be shorter.

    Raises:
        MEDIA_*, NO_AUDIO_STREAM: as `read_audio`.
    """
    for span in spans or (Span(0, SPANS_MS_MAX),):
        for block in read_audio(path, start_ms=span.start_ms, block_seconds=block_seconds):
            samples = block.samples[: (span.end_ms - block.start_ms) * _PER_MS]
            if samples.size:
                yield AudioBlock(block.start_ms, samples)
            if block.start_ms + block.samples.size // _PER_MS >= span.end_ms:
                break


def too_short(speech_ms: int) -> InvalidInput:
    """Return the refusal of a voice that was heard for so long only, alone."""
    if speech_ms == 0:
        return InvalidInput(Reason.NO_SPEECH, "Nobody is heard talking alone.")
    return InvalidInput(
        Reason.SPEECH_TOO_SHORT,
        f"A voice is heard alone for {speech_ms:,} ms; it takes {SPEECH_MS_MIN:,} ms to tell it.",
        metadata={"speech_ms": str(speech_ms), "speech_ms_min": str(SPEECH_MS_MIN)},
    )
