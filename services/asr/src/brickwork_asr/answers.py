"""What every transcription says on the wire, whether its sound is a recording or live."""

from brickwork.asr.v1 import asr_pb2
from brickwork_asr.engine import Progress, Segment
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.slot import ModelSlot


class Tally:
    """Counts what a transcription sends, for its summary."""

    def __init__(self) -> None:
        self._segment_count = 0
        self._duration_ms = 0
        self._spoken_ms: dict[str, int] = {}

    def count(self, event: object) -> None:
        """Take in one event."""
        if isinstance(event, Progress):
            self._duration_ms = event.total_ms
        elif isinstance(event, Segment):
            self._segment_count += 1
            spoken_ms = self._spoken_ms.get(event.language, 0)
            self._spoken_ms[event.language] = spoken_ms + event.end_ms - event.start_ms

    def summary(self) -> asr_pb2.TranscriptSummary:
        """Render the end of the stream."""
        return asr_pb2.TranscriptSummary(
            language=max(self._spoken_ms, key=self._spoken_ms.__getitem__, default=None),
            duration_ms=self._duration_ms,
            segment_count=self._segment_count,
        )


def segment_message(segment: Segment) -> asr_pb2.Segment:
    """Render a stretch of speech for the wire."""
    return asr_pb2.Segment(
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        text=segment.text,
        language=segment.language,
        words=[
            asr_pb2.Word(
                start_ms=word.start_ms,
                end_ms=word.end_ms,
                text=word.text,
                confidence=word.confidence,
            )
            for word in segment.words
        ],
    )


def require_language(slot: ModelSlot, language: str | None) -> None:
    """Refuse a language that the model does not know.

    Raises:
        InvalidInput: LANGUAGE_UNKNOWN.
    """
    if language is not None and language not in slot.entry.languages:
        known = ", ".join(sorted(slot.entry.languages))
        raise InvalidInput(
            Reason.LANGUAGE_UNKNOWN,
            f"The model {slot.entry.name} does not know this language; it knows: {known}.",
            metadata={"language": language[:32], "model": slot.entry.name},
        )
