"""What the caller of a live stream sends: checked, and read no faster than it is heard."""

import asyncio
import math
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from brickwork.asr.v1 import asr_pb2
from brickwork_asr.engine import Encoding
from brickwork_asr.live_buffer import SAMPLE_RATES_HZ, LiveBuffer, SoundForm
from brickwork_sdk.errors import BrickworkError, DeadlineExceeded, InvalidInput, Reason
from brickwork_sdk.media.limits import DURATION_MS_MAX

HELD_MS_MAX = 30_000
"""Most sound of a stream that is held; what the model can hear at once."""
CHUNK_MS_MAX = 5_000
"""Longest chunk; the next one is read once there is room for so much."""
SILENT_SECONDS_MAX = 30.0
"""A caller who sends nothing for so long, although there is room, keeps a model for nobody."""

_ENCODINGS: dict[int, Encoding] = {
    asr_pb2.AUDIO_ENCODING_PCM_S16LE: "pcm_s16le",
    asr_pb2.AUDIO_ENCODING_PCM_F32LE: "pcm_f32le",
}


class LiveSource:
    """One stream of requests.

    Attributes:
        buffer: the sound that has come and was not cut off yet; empty before `config` was read.
    """

    def __init__(
        self,
        requests: AsyncIterator[asr_pb2.TranscribeLiveAudioRequest],
        silent_seconds_max: float = SILENT_SECONDS_MAX,
    ) -> None:
        self.buffer = LiveBuffer(SoundForm("pcm_s16le", SAMPLE_RATES_HZ[0]))
        self._requests = requests
        self._silent_seconds_max = silent_seconds_max
        self._came, self._has_room = asyncio.Event(), asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether no more is read until some sound was cut off."""
        return self.buffer.length_ms > HELD_MS_MAX - CHUNK_MS_MAX

    @property
    def is_over(self) -> bool:
        """Whether no more will come."""
        return self._reading is not None and self._reading.done()

    async def config(self) -> asr_pb2.LiveAudioConfig:
        """Read the first message.

        Raises:
            InvalidInput: STREAM_ORDER_INVALID, it is none; ARGUMENT_INVALID, nobody writes sound
                in this form.
            DeadlineExceeded: STREAM_SILENT.
        """
        first = await self._next()
        if first is None or first.WhichOneof("part") != "config":
            raise _out_of_order("The first message of live audio must be its config.")
        config = first.config
        encoding = _ENCODINGS.get(config.encoding)
        if encoding is None:
            raise _invalid("encoding", "The encoding must be PCM_S16LE or PCM_F32LE.")
        if config.sample_rate_hz not in SAMPLE_RATES_HZ:
            known = ", ".join(map(str, SAMPLE_RATES_HZ))
            raise _invalid("sample_rate_hz", f"The sample rate must be one of {known}.")
        self.buffer = LiveBuffer(SoundForm(encoding, config.sample_rate_hz))
        return config

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Read the sound into the buffer while the context lasts."""
        self._reading = asyncio.create_task(self._fill())
        self._reading.add_done_callback(lambda _: self._came.set())
        try:
            yield
        finally:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def until(self, wanted_ms: int) -> None:
        """Wait for so much sound of the stream, for as much as can be held, or for its end.

        Raises:
            InvalidInput: STREAM_ORDER_INVALID, ARGUMENT_INVALID, MEDIA_EMPTY, MEDIA_TOO_LARGE.
            DeadlineExceeded: STREAM_SILENT.
        """
        while not (self.is_over or self.is_full or self.buffer.end_ms >= wanted_ms):
            self._came.clear()
            await self._came.wait()
        if self._reading is not None and self._reading.done():
            self._reading.result()

    def cut(self) -> None:
        """Go on to read, as the buffer has been cut."""
        self._has_room.set()

    async def _fill(self) -> None:
        while (request := await self._next()) is not None:
            self.buffer.append(self._checked(request))
            self._came.set()
            if self.buffer.end_ms > DURATION_MS_MAX:
                raise InvalidInput(
                    Reason.MEDIA_TOO_LARGE,
                    "The stream is longer than a day.",
                    metadata={"duration_ms_max": str(DURATION_MS_MAX)},
                )
            while self.is_full:
                self._has_room.clear()
                await self._has_room.wait()
        if self.buffer.end_ms == 0:
            raise InvalidInput(Reason.MEDIA_EMPTY, "The stream ended before there was any sound.")

    async def _next(self) -> asr_pb2.TranscribeLiveAudioRequest | None:
        """Return the next message; None at the end of the stream."""
        try:
            async with asyncio.timeout(self._silent_seconds_max):
                return await anext(self._requests, None)
        except TimeoutError:
            raise DeadlineExceeded(
                Reason.STREAM_SILENT,
                f"Nothing came for {self._silent_seconds_max:g} s; silence must be sent too.",
                metadata={"silent_seconds_max": f"{self._silent_seconds_max:g}"},
            ) from None

    def _checked(self, request: asr_pb2.TranscribeLiveAudioRequest) -> bytes:
        if request.WhichOneof("part") != "chunk":
            raise _out_of_order("After the config of live audio only chunks may come.")
        chunk, form = request.chunk, self.buffer.form
        if len(chunk) > form.size_bytes(CHUNK_MS_MAX):
            raise _invalid(
                "chunk",
                f"A chunk may hold {CHUNK_MS_MAX // 1000} s of sound at most.",
                chunk_bytes_max=str(form.size_bytes(CHUNK_MS_MAX)),
            )
        if not chunk or len(chunk) % form.sample_bytes:
            raise _invalid(
                "chunk", f"A chunk holds samples of {form.sample_bytes} bytes, in whole."
            )
        # The sum of floats is finite if and only if each of them is: doubles hold it.
        if form.encoding == "pcm_f32le" and not math.isfinite(sum(array("f", chunk))):
            raise _invalid("chunk", "A sample is not a finite number.")
        return chunk


def _invalid(field: str, message: str, **limits: str) -> BrickworkError:
    return InvalidInput(Reason.ARGUMENT_INVALID, message, metadata={"field": field, **limits})


def _out_of_order(message: str) -> BrickworkError:
    return InvalidInput(Reason.STREAM_ORDER_INVALID, message)
