"""Sound as blocks of samples, each in its true place on the time line."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.container import (
    has_index,
    opened,
    origin_seconds,
    require_decoder,
)
from brickwork_sdk.media.limits import DURATION_MS_MAX
from brickwork_sdk.media.packets import decoded

SAMPLE_RATE_HZ = 16_000
"""Rate of all samples: what the models for speech were trained on."""

_PER_MS = SAMPLE_RATE_HZ // 1000
_GATHERED_SECONDS = 0.5
"""Sound that is resampled at once: a packet has 20 ms, and a call costs as much as decoding it."""
_RUN_IN_SECONDS = 0.3
"""Decoded before the wanted start and dropped: codecs need some frames to be exact."""
_JITTER_SAMPLES = 10 * _PER_MS
"""Stamps are rounded, to 1 ms in Matroska: only more than this is a gap."""


@dataclass(frozen=True, eq=False)
class AudioBlock:
    """A stretch of sound.

    Attributes:
        start_ms: where it begins in the recording.
        samples: float32 [n], mono, 16 kHz, in [-1, 1).
    """

    start_ms: int
    samples: NDArray[np.float32]


def read_audio(
    path: Path, *, start_ms: int = 0, block_seconds: float = 30.0
) -> Iterator[AudioBlock]:
    """Read the sound of a recording block by block, from `start_ms` on.

    Blocks follow each other without gap or overlap; all but the last are
    `block_seconds` long. Where a stream has no sound, at its start or in a
    gap, there is silence, so that times hold. Packets that are damaged are
    left out in the same way. Memory does not grow with the recording.

    Args:
        path: the recording, of any number of channels and any rate.
        start_ms: offset in the recording to begin at.
        block_seconds: length of a block; a whole number of milliseconds.

    Raises:
        NO_AUDIO_STREAM: the recording has no sound.
        MEDIA_TOO_LARGE: it is longer than a day.
        MEDIA_*: it cannot be read at all.
    """
    block_samples = round(block_seconds * 1000) * _PER_MS
    buffer = np.empty(block_samples, dtype=np.float32)
    filled, block_start_ms = 0, start_ms
    for piece in _pieces(path, start_ms * _PER_MS):
        while len(piece):
            taken = piece[: block_samples - filled]
            buffer[filled : filled + len(taken)] = taken
            filled, piece = filled + len(taken), piece[len(taken) :]
            if filled == block_samples:
                yield AudioBlock(block_start_ms, buffer.copy())
                filled, block_start_ms = 0, block_start_ms + block_samples // _PER_MS
    if filled:
        yield AudioBlock(block_start_ms, buffer[:filled].copy())


def _pieces(path: Path, start: int) -> Iterator[NDArray[np.float32]]:
    """Yield samples that follow each other from sample `start` of the recording."""
    position = start
    for at, samples in _stamped(path, start):
        while position < at:
            silence = np.zeros(min(at - position, SAMPLE_RATE_HZ), dtype=np.float32)
            yield silence
            position += len(silence)
        fresh = samples[position - at :]
        yield fresh
        position += len(fresh)


def _stamped(path: Path, start: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield runs of samples with the index of their first one in the recording."""
    with opened(path) as source:
        stream = _audio_stream(source)
        resampler, origin = _Resampler(), origin_seconds(source)
        follows: int | None = None
        for frame in _frames(source, stream, origin + start / SAMPLE_RATE_HZ):
            at = follows if follows is not None else 0
            if frame.time is not None:
                stamp = round((frame.time - origin) * SAMPLE_RATE_HZ)
                expected = None if follows is None else follows + resampler.held
                if expected is None or abs(stamp - expected) > _JITTER_SAMPLES:
                    if follows is not None:
                        yield follows, resampler.flush()
                    at = stamp
            if at / _PER_MS > DURATION_MS_MAX:
                raise InvalidInput(
                    Reason.MEDIA_TOO_LARGE,
                    "The recording is longer than a day.",
                    metadata={"duration_ms_max": str(DURATION_MS_MAX)},
                )
            samples = resampler.push(frame)
            yield at, samples
            follows = at + len(samples)
        if follows is None:
            return
        yield follows, resampler.flush()


def _audio_stream(source: InputContainer) -> AudioStream:
    streams = source.streams.audio
    if not streams:
        raise InvalidInput(Reason.NO_AUDIO_STREAM, "The recording has no sound.")
    require_decoder(streams[0])
    return streams[0]


def _frames(
    source: InputContainer, stream: AudioStream, from_seconds: float
) -> Iterator[AudioFrame]:
    """Decode from shortly before `from_seconds`, an absolute time stamp."""
    stream.codec_context.thread_count = 1
    earliest = from_seconds - _RUN_IN_SECONDS
    if earliest > 0 and has_index(source) and stream.time_base is not None:
        source.seek(int(earliest / stream.time_base), stream=stream)
    # The time of a damaged packet stays silent.
    yield from decoded(
        packet
        for packet in source.demux(stream)
        # As floats: the exact fraction would take as long as a tenth of the decoding.
        if packet.pts is None or packet.pts * float(packet.time_base) >= earliest
    )


class _Resampler:
    """Turns frames of any kind into mono samples at 16 kHz.

    16-bit integers come out of libav rather than floats, because only then does
    it scale a mix of channels so that it cannot clip.
    """

    def __init__(self) -> None:
        self.held = 0
        self._kind: tuple[str, str, int] | None = None
        self._inner: AudioResampler | None = None
        self._gathered = AudioFifo()
        self._taken = self._given = 0

    def push(self, frame: AudioFrame) -> NDArray[np.float32]:
        """Take a frame in and return what is ready; the rest is `held`."""
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        before = self.flush() if kind != self._kind else _NOTHING
        if self._inner is None:
            self._inner = AudioResampler("s16", "mono", SAMPLE_RATE_HZ)
            self._kind = kind
        self._taken += frame.samples
        frame.pts = None  # The resampler counts samples; the stamps are ours to judge.
        self._gathered.write(frame)
        if self._gathered.samples < _GATHERED_SECONDS * frame.sample_rate:
            self.held = round(self._taken * SAMPLE_RATE_HZ / frame.sample_rate) - self._given
            return before
        return np.concatenate((before, self._given_back(self._gathered.read())))

    def flush(self) -> NDArray[np.float32]:
        """Return what is still inside and begin anew."""
        rest = _NOTHING
        if self._inner is not None:
            last = self._gathered.read()
            whole = self._given_back(last) if last is not None else _NOTHING
            rest = np.concatenate((whole, self._given_back(None)))
        self._inner, self._kind, self._gathered = None, None, AudioFifo()
        self._taken = self._given = self.held = 0
        return rest

    def _given_back(self, frame: AudioFrame | None) -> NDArray[np.float32]:
        assert self._inner is not None
        parts = [out.to_ndarray()[0] for out in self._inner.resample(frame)]
        whole = np.concatenate(parts) if parts else np.empty(0, dtype=np.int16)
        self._given += len(whole)
        if frame is not None:
            self.held = round(self._taken * SAMPLE_RATE_HZ / frame.sample_rate) - self._given
        return whole.astype(np.float32) / 32768.0


_NOTHING = np.empty(0, dtype=np.float32)
