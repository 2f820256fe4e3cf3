"""Small recordings with known content, written in any container."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

_CODECS = {
    ".wav": ("pcm_s16le", "s16"),
    ".flac": ("flac", "s16"),
    ".mp3": ("libmp3lame", "s16p"),
    ".ogg": ("libopus", "s16"),
    ".webm": ("libopus", "s16"),
    ".mkv": ("flac", "s16"),
    ".aac": ("aac", "fltp"),
    ".m4a": ("aac", "fltp"),
    ".mp4": ("aac", "fltp"),
    ".avi": ("pcm_s16le", "s16"),
}
_FRAME_SAMPLES = 960
_FLAC_SAMPLES = 16 * _FRAME_SAMPLES
"""FLAC makes frames of its own size of whatever it is given."""


def tone(
    seconds: float, *, frequency_hz: float = 440.0, rate_hz: int = 16_000
) -> NDArray[np.float32]:
    """Return a sine of half the full scale: float32 [n], mono."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * frequency_hz * time)).astype(np.float32)


def silence(seconds: float, *, rate_hz: int = 16_000) -> NDArray[np.float32]:
    """Return zeros: float32 [n], mono."""
    return np.zeros(round(seconds * rate_hz), dtype=np.float32)


def slide(level: int, *, width_px: int = 64, height_px: int = 48) -> NDArray[np.uint8]:
    """Return an even grey picture: uint8 [height, width, 3]."""
    return np.full((height_px, width_px, 3), level, dtype=np.uint8)


def write_recording(
    path: Path,
    samples: NDArray[np.float32] | None = None,
    *,
    rate_hz: int = 16_000,
    channel_count: int = 1,
    audio_start_ms: int = 0,
    slides: Iterable[NDArray[np.uint8]] = (),
    frames_per_second: int = 10,
) -> Path:
    """Write a recording; the suffix of its name decides the container and the codec.

    Args:
        path: where to; one of .wav .flac .mp3 .ogg .webm .mkv .aac .m4a .mp4 .avi.
        samples: float32 [n] in [-1, 1], the same in each channel; None for no sound.
        rate_hz: rate of the samples.
        channel_count: 1 or 2.
        audio_start_ms: time stamp of the first sample.
        slides: uint8 [h, w, 3] pictures, one a frame; none for no pictures.
        frames_per_second: how fast the slides follow each other.
    """
    pictures = list(slides)
    with av.open(str(path), "w") as target:
        video = audio = None
        if pictures:
            codec = "libvpx" if path.suffix == ".webm" else "mpeg4"
            video = cast(VideoStream, target.add_stream(codec, rate=frames_per_second))
            video.height, video.width = pictures[0].shape[:2]
            video.pix_fmt = "yuv420p"
            if path.suffix in (".mp4", ".mkv"):
                video.codec_context.max_b_frames = 2  # as cameras do: stored out of order
        if samples is not None:
            layout = "mono" if channel_count == 1 else "stereo"
            codec = _CODECS[path.suffix][0]
            audio = cast(AudioStream, target.add_stream(codec, rate=rate_hz, layout=layout))
        if video is not None:
            for number, picture in enumerate(pictures):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, frames_per_second)
                target.mux(video.encode(frame))
            target.mux(video.encode(None))
        if audio is not None and samples is not None:
            for sound in _audio_frames(path, samples, rate_hz, channel_count, audio_start_ms):
                target.mux(audio.encode(sound))
            target.mux(audio.encode(None))
    return path


def _audio_frames(
    path: Path,
    samples: NDArray[np.float32],
    rate_hz: int,
    channel_count: int,
    audio_start_ms: int,
) -> Iterable[av.AudioFrame]:
    sample_format = _CODECS[path.suffix][1]
    layout = "mono" if channel_count == 1 else "stereo"
    time_base = Fraction(1, rate_hz)
    # Once for all of it: recordings of tests are up to an hour long.
    if sample_format != "fltp":
        samples = np.clip(samples * 32768.0, -32768, 32767).astype(np.int16)
    size = _FLAC_SAMPLES if _CODECS[path.suffix][0] == "flac" else _FRAME_SAMPLES
    for at in range(0, len(samples), size):
        run = np.tile(samples[at : at + size], (channel_count, 1))
        if sample_format == "s16":
            run = run.T.reshape(1, -1)  # packed: the channels of a sample side by side
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(run), format=sample_format, layout=layout
        )
        frame.sample_rate = rate_hz
        frame.pts = at + round(audio_start_ms * rate_hz / 1000)
        frame.time_base = time_base
        yield frame
