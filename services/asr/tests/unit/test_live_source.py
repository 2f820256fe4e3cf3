"""What a caller of live audio sends is read no faster than it is heard."""

from collections.abc import AsyncIterator

from brickwork.asr.v1 import asr_pb2
from brickwork_asr.live_source import HELD_MS_MAX, LiveSource

CONFIG = asr_pb2.LiveAudioConfig(sample_rate_hz=8_000, encoding=asr_pb2.AUDIO_ENCODING_PCM_S16LE)
SECOND = bytes(16_000)


class Caller:
    """Sends ten hours of sound as fast as it is read."""

    def __init__(self) -> None:
        self.sent_seconds = 0

    async def requests(self) -> AsyncIterator[asr_pb2.TranscribeLiveAudioRequest]:
        """Yield the config, and then a second at a time."""
        yield asr_pb2.TranscribeLiveAudioRequest(config=CONFIG)
        while self.sent_seconds < 36_000:
            self.sent_seconds += 1
            yield asr_pb2.TranscribeLiveAudioRequest(chunk=SECOND)


async def test_no_more_is_read_than_may_be_held_until_some_of_it_is_cut_off() -> None:
    caller = Caller()
    source = LiveSource(caller.requests())
    await source.config()
    async with source.reading():
        await source.until(HELD_MS_MAX * 10)
        assert (source.is_full, source.is_over) == (True, False)
        full_seconds = caller.sent_seconds
        assert full_seconds * 1_000 == source.buffer.length_ms <= HELD_MS_MAX
        source.buffer.cut(20_000)
        source.cut()
        assert not source.is_full
        await source.until(HELD_MS_MAX * 10)
        assert caller.sent_seconds == full_seconds + 20
