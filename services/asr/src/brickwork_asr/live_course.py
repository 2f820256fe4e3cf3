"""How a live stream is heard: when the engine is asked, and what its answers come to."""

from dataclasses import dataclass

from brickwork_asr.engine import HearRequest, Hypothesis, Progress, Segment
from brickwork_asr.live_buffer import LiveBuffer
from brickwork_asr.live_transcript import Held, LiveTranscript

STEP_MS_MIN = 1_000
"""The engine is asked when so much sound is new: it costs as much for less of it."""
_REST = 1.25
"""New sound that is waited for, over how long an answer takes: a stream never takes the whole
engine, and a slow engine is asked less often."""


@dataclass(frozen=True)
class LiveContext:
    """What a caller says of the speech beforehand; see `HearRequest`."""

    prompt: str = ""
    hot_words: tuple[str, ...] = ()


class LiveCourse:
    """Asks and takes in answers by turns.

    Attributes:
        wanted_ms: how much sound there should be before the engine is asked again.
        is_over: whether the last answer was about the end of the stream.
        transcript: what has been understood.
    """

    def __init__(
        self, buffer: LiveBuffer, language: str | None, context: LiveContext | None = None
    ) -> None:
        self.wanted_ms = STEP_MS_MIN
        self.is_over = False
        self.transcript = LiveTranscript(language)
        self._buffer = buffer
        self._context = context or LiveContext()
        self._held = Held(0, 0)
        self._last_seconds = 0.0

    @property
    def progress(self) -> Progress:
        """How much of the sound that has come has its final words."""
        return Progress(self.transcript.final_ms, self._buffer.end_ms)

    def ask(self, is_full: bool, is_over: bool) -> HearRequest:
        """Return what the engine is to hear now.

        Args:
            is_full: whether the buffer takes no more sound.
            is_over: whether no more will come.
        """
        buffer, transcript = self._buffer, self.transcript
        self._held = Held(buffer.start_ms, buffer.end_ms, is_full, is_over)
        return HearRequest(
            buffer.sound,
            buffer.form.encoding,
            buffer.form.sample_rate_hz,
            buffer.start_ms,
            transcript.said,
            transcript.heard_ms,
            transcript.language,
            self._context.prompt,
            self._context.hot_words,
        )

    def take(self, hypothesis: Hypothesis, seconds: float) -> list[Segment]:
        """Take in the answer to what was asked last and return what has become final.

        One slow answer does not put off the next question: only two of them show a slow engine. No
        sound is left behind by that, for whatever has come is heard at once.

        Args:
            hypothesis: the answer.
            seconds: how long it took.
        """
        held = self._held
        usual_ms = round(min(seconds, self._last_seconds) * 1000)
        self.wanted_ms = held.end_ms + max(STEP_MS_MIN, round(usual_ms * _REST))
        self._last_seconds = seconds
        self.is_over = held.is_over
        segments = self.transcript.hear(hypothesis, held)
        self._buffer.cut(self.transcript.keep_from_ms)
        return segments
