"""Tell the speakers of a recording apart, block by block."""

from collections.abc import Iterable, Iterator

import numpy as np

from brickwork_diarize.activity import ActivityLog, WindowActivity
from brickwork_diarize.engine import (
    DiarizeEvent,
    DiarizeRequest,
    Progress,
    RecordingEnd,
    SpeakerVoice,
)
from brickwork_diarize.materials import SAME_VOICE_MIN
from brickwork_diarize.speakers import Speakers
from brickwork_diarize.turns import find_turns
from brickwork_diarize.voices import Networks, Piece, find_pieces
from brickwork_diarize.windows import STEP_SAMPLES, WINDOW_FRAMES, cut_into_stretches
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, AudioBlock


def diarize_blocks(
    blocks: Iterable[AudioBlock], networks: Networks, total_ms: int, request: DiarizeRequest
) -> Iterator[DiarizeEvent]:
    """Yield progress after each block, the turns in order of start, voices, then the end.

    Nothing but runs of frames is kept of what has been heard, and a bounded room of voices.

    Args:
        blocks: the sound, one block after the other from the start.
        networks: the two networks.
        total_ms: the length that the container declares, for progress only.
        request: what is known of the recording, and what is asked of it.
    """
    log, speakers = ActivityLog(), Speakers()
    same_voice_min = SAME_VOICE_MIN[request.material]
    sample_count = 0

    def samples() -> Iterator[np.ndarray[tuple[int], np.dtype[np.float32]]]:
        nonlocal sample_count
        for block in blocks:
            sample_count += block.samples.size
            yield block.samples

    for stretch in cut_into_stretches(samples()):
        windows = stretch.windows()
        pieces = find_pieces(stretch, networks.segment(windows), networks, same_voice_min)
        for place in range(len(windows)):
            own = [piece for piece in pieces if piece.window == stretch.first_window + place]
            log.add(_activity(own, speakers.add(own)))
        end_sample = stretch.first_window * STEP_SAMPLES + stretch.samples.size
        yield Progress(min(end_sample * 1000 // SAMPLE_RATE_HZ, total_ms), total_ms)
    duration_ms = sample_count * 1000 // SAMPLE_RATE_HZ
    labels = speakers.finish(request.speaker_count_min, request.speaker_count_max)
    turns, names = find_turns(log, labels, duration_ms)
    yield from turns
    if request.with_voices:
        voices = speakers.voices()
        for number, name in names.items():
            yield SpeakerVoice(name, tuple(float(one) for one in voices[number]))
    yield RecordingEnd(len({turn.speaker for turn in turns}), duration_ms)


def _activity(pieces: list[Piece], voices: list[int]) -> WindowActivity:
    frames = np.array([piece.frames for piece in pieces], np.bool_)
    return WindowActivity(tuple(voices), frames.reshape(len(pieces), WINDOW_FRAMES))
