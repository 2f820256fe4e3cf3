"""TranscribeLiveAudio: a stream of sound in, words out, one step of the engine after the other."""

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from brickwork.asr.v1 import asr_pb2
from brickwork.common.v1 import common_pb2
from brickwork_asr.answers import Tally, require_language, segment_message
from brickwork_asr.engine import Hypothesis, Progress, Segment
from brickwork_asr.live_course import LiveContext, LiveCourse
from brickwork_asr.live_source import SILENT_SECONDS_MAX, LiveSource
from brickwork_asr.orders import require_context
from brickwork_sdk.caller import Caller
from brickwork_sdk.errors import Busy, EngineFailed, Reason
from brickwork_sdk.slots import Seat, Slots, Waiting
from brickwork_sdk.telemetry.media import MediaMeter

Response = asr_pb2.TranscribeLiveAudioResponse

_COMES_BACK = (Reason.ENGINE_STOPPED, Reason.VRAM_REVOKED)
"""Why a model goes that can be waited for: the sound is held here and lost with no engine."""


class LiveTranscriber:
    """Transcribes streams.

    Args:
        slots: the models.
        silent_seconds_max: how long a caller may send nothing.
    """

    def __init__(self, slots: Slots, silent_seconds_max: float = SILENT_SECONDS_MAX) -> None:
        self._slots = slots
        self._silent_seconds_max = silent_seconds_max

    async def transcribe(
        self, requests: AsyncIterator[asr_pb2.TranscribeLiveAudioRequest], caller: Caller
    ) -> AsyncGenerator[Response, None]:
        """Answer one stream; see the RPC for the order of events and for errors."""
        source = LiveSource(requests, self._silent_seconds_max)
        config = await source.config()
        slot = self._slots.named(config.model)
        language = config.language if config.HasField("language") else None
        require_language(slot, language)
        require_context(config.prompt, config.hot_words, slot)
        context = LiveContext(config.prompt, tuple(word.strip() for word in config.hot_words))
        talk = _Talk(
            source, LiveCourse(source.buffer, language, context), MediaMeter(slot.entry.name)
        )
        async with source.reading():
            await source.until(1)  # Before a model is asked for there is sound, and it is sound.
            while not talk.is_over:
                try:
                    async with aclosing(self._slots.enter(config.model, caller)) as steps:
                        async for step in steps:
                            if isinstance(step, Waiting):
                                yield Response(waiting=step.to_proto())
                                continue
                            async with aclosing(talk.go_on(step)) as answers:
                                async for answer in answers:
                                    yield answer
                except Busy as error:
                    if error.reason not in _COMES_BACK:
                        raise
                except EngineFailed:
                    if not talk.may_fail():
                        raise
        yield Response(summary=talk.tally.summary())


class _Talk:
    """One stream between its source and the engines that hear it, one of which may follow another.

    Attributes:
        tally: counts what was said.
    """

    def __init__(self, source: LiveSource, course: LiveCourse, meter: MediaMeter) -> None:
        self.tally = Tally()
        self._source = source
        self._course = course
        self._meter = meter
        self._shown: Segment | None = None
        self._has_started = self._has_failed = False

    @property
    def is_over(self) -> bool:
        """Whether all has been said."""
        return self._course.is_over

    def may_fail(self) -> bool:
        """Tell whether a step may be tried again: once, not for ever."""
        may, self._has_failed = not self._has_failed, True
        return may

    async def go_on(self, seat: Seat) -> AsyncGenerator[Response, None]:
        """Let an engine hear the stream to its end."""
        if not self._has_started:
            self._has_started = True
            yield Response(started=seat.started.to_proto())
        source, course = self._source, self._course
        while not course.is_over:
            await source.until(course.wanted_ms)
            began = time.monotonic()
            hypothesis = await self._step(seat)
            segments = course.take(hypothesis, time.monotonic() - began)
            source.cut()
            self._has_failed = False
            for segment in segments:
                self.tally.count(segment)
                self._shown = None
                yield Response(segment=segment_message(segment))
            partial = course.transcript.partial
            if partial != self._shown:
                self._shown = partial
                yield Response(partial=segment_message(partial) if partial else asr_pb2.Segment())
            yield self._progress(course.progress)

    async def _step(self, seat: Seat) -> Hypothesis:
        order = self._course.ask(self._source.is_full, self._source.is_over)
        events = seat.run("hear", order, (Hypothesis, Progress))
        async with aclosing(events) as found:
            async for event in found:
                if isinstance(event, Hypothesis):
                    return event
        raise EngineFailed(Reason.ENGINE_FAILED, "The engine made no hypothesis.")

    def _progress(self, progress: Progress) -> Response:
        self.tally.count(progress)
        self._meter.reaches(progress.done_ms)
        return Response(
            progress=common_pb2.Progress(
                done=progress.done_ms,
                total=progress.total_ms,
                unit=common_pb2.PROGRESS_UNIT_MEDIA_MS,
            )
        )
