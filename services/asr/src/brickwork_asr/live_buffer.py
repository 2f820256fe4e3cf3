"""The sound of a live stream whose words are not final yet."""

from dataclasses import dataclass

from brickwork_asr.engine import Encoding

SAMPLE_RATES_HZ = (8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
"""What microphones, telephones and sound files have."""
_SAMPLE_BYTES: dict[Encoding, int] = {"pcm_s16le": 2, "pcm_f32le": 4}


@dataclass(frozen=True)
class SoundForm:
    """How sound is written down; one channel.

    Attributes:
        encoding: of a sample.
        sample_rate_hz: one of `SAMPLE_RATES_HZ`.
    """

    encoding: Encoding
    sample_rate_hz: int

    @property
    def sample_bytes(self) -> int:
        """Size of a sample."""
        return _SAMPLE_BYTES[self.encoding]

    def size_bytes(self, ms: int) -> int:
        """Return what so many milliseconds take, in whole samples."""
        return ms * self.sample_rate_hz // 1000 * self.sample_bytes

    def ms(self, size_bytes: int) -> int:
        """Return how long so much sound is."""
        return size_bytes // self.sample_bytes * 1000 // self.sample_rate_hz


class LiveBuffer:
    """Holds a stretch of a stream: grows at its end, and is cut at its beginning.

    Attributes:
        form: of the sound.
    """

    def __init__(self, form: SoundForm) -> None:
        self.form = form
        self._held = bytearray()
        self._cut_bytes = 0

    @property
    def start_ms(self) -> int:
        """Where in the stream it begins."""
        return self.form.ms(self._cut_bytes)

    @property
    def end_ms(self) -> int:
        """How much sound has come so far."""
        return self.form.ms(self._cut_bytes + len(self._held))

    @property
    def length_ms(self) -> int:
        """How much sound is held."""
        return self.form.ms(len(self._held))

    @property
    def sound(self) -> bytes:
        """What is held, in the form of the stream."""
        return bytes(self._held)

    def append(self, chunk: bytes) -> None:
        """Add the next sound, in whole samples."""
        self._held += chunk

    def cut(self, until_ms: int) -> None:
        """Forget the sound before a place in the stream."""
        count = min(max(0, self.form.size_bytes(until_ms) - self._cut_bytes), len(self._held))
        del self._held[:count]
        self._cut_bytes += count
