"""Sound as it comes from a file or a pipe: a WAV file, or samples and nothing else."""

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from typing import BinaryIO

from brickwork_sdk.errors import InvalidInput, Reason

CHUNK_SECONDS = 0.25
"""How much is sent at once: the less it is, the sooner it is heard."""
_SAMPLE_BYTES = 2


@dataclass(frozen=True)
class LiveSound:
    """Sound of one channel in 16-bit integers, little endian.

    Attributes:
        rate_hz: samples per second.
        chunks: of a quarter of a second, as they come.
    """

    rate_hz: int
    chunks: Iterator[bytes]


def live_sound(source: BufferedReader, raw_rate_hz: int) -> LiveSound:
    """Read a WAV file, or raw samples of this rate where it is none.

    Raises:
        InvalidInput: MEDIA_FORMAT_UNSUPPORTED, a WAV file of another kind; MEDIA_UNREADABLE, one
            that is damaged.
    """
    if source.peek(4)[:4] != b"RIFF":
        return LiveSound(raw_rate_hz, _raw(source, raw_rate_hz))
    try:
        file = wave.open(source)  # noqa: SIM115  Who opened the source closes it.
    except (wave.Error, EOFError) as error:
        raise InvalidInput(
            Reason.MEDIA_UNREADABLE, f"The WAV file cannot be read: {error or 'it is cut off'}."
        ) from error
    if (file.getnchannels(), file.getsampwidth()) != (1, _SAMPLE_BYTES):
        raise InvalidInput(
            Reason.MEDIA_FORMAT_UNSUPPORTED,
            "Live sound has one channel of 16-bit samples; this WAV file has "
            f"{file.getnchannels()} of {8 * file.getsampwidth()} bits.",
        )
    rate_hz = file.getframerate()
    frames = round(rate_hz * CHUNK_SECONDS)
    return LiveSound(rate_hz, iter(lambda: file.readframes(frames), b""))


def _raw(source: BinaryIO, rate_hz: int) -> Iterator[bytes]:
    size_bytes = round(rate_hz * CHUNK_SECONDS) * _SAMPLE_BYTES
    while chunk := source.read(size_bytes):
        # A pipe may break off in the middle of a sample, which is nobody's sound.
        if whole := chunk[: len(chunk) - len(chunk) % _SAMPLE_BYTES]:
            yield whole
