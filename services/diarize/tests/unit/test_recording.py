from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brickwork_diarize.engine import (
    DiarizeEvent,
    DiarizeRequest,
    Progress,
    RecordingEnd,
    SpeakerVoice,
    Turn,
)
from brickwork_diarize.recording import diarize_blocks
from brickwork_diarize.voices import Floats, Networks
from brickwork_sdk.media.audio import AudioBlock
from brickwork_sdk.testing.recordings import silence, tone

LOW_HZ, HIGH_HZ = 400.0, 2400.0


def blocks(sound: Floats, block_ms: int = 15_000) -> Iterator[AudioBlock]:
    for start_ms in range(0, len(sound) // 16, block_ms):
        yield AudioBlock(start_ms, sound[start_ms * 16 : (start_ms + block_ms) * 16])


def run(sound: Floats, networks: Networks, **known: Any) -> list[DiarizeEvent]:
    request = DiarizeRequest(Path("unread"), **known)
    return list(diarize_blocks(blocks(sound), networks, len(sound) // 16, request))


def turns(events: list[DiarizeEvent]) -> list[Turn]:
    return [event for event in events if isinstance(event, Turn)]


def dialogue(rounds: int) -> Floats:
    low, high = tone(6, frequency_hz=LOW_HZ), tone(4, frequency_hz=HIGH_HZ)
    return np.concatenate([low, silence(2), high, silence(3)] * rounds)


def test_two_speakers_have_their_turns(tone_networks: Networks) -> None:
    events = run(dialogue(3), tone_networks)
    found = turns(events)
    assert [turn.speaker for turn in found] == ["S1", "S2"] * 3
    for turn, (start, end) in zip(found, [(0, 6), (8, 12), (15, 21)], strict=False):
        assert abs(turn.start_ms - 1000 * start) < 60
        assert abs(turn.end_ms - 1000 * end) < 60
    assert events[-1] == RecordingEnd(2, 45_000)


def test_both_are_heard_where_they_talk_at_once(tone_networks: Networks) -> None:
    sound = dialogue(2)
    sound[3 * 16_000 : 7 * 16_000] += tone(4, frequency_hz=HIGH_HZ)
    first, second = turns(run(sound, tone_networks))[:2]
    assert first.speaker != second.speaker
    assert abs(first.end_ms - 6_000) < 60
    assert abs(second.start_ms - 3_000) < 60


def test_a_speaker_keeps_the_label_across_blocks(tone_networks: Networks) -> None:
    events = run(dialogue(5), tone_networks)
    assert [turn.speaker for turn in turns(events)] == ["S1", "S2"] * 5


@pytest.mark.parametrize("block_ms", [900, 4_990, 13_000])
def test_where_blocks_end_changes_nothing(tone_networks: Networks, block_ms: int) -> None:
    sound, request = dialogue(2), DiarizeRequest(Path("unread"))
    cut = diarize_blocks(blocks(sound, block_ms), tone_networks, len(sound) // 16, request)
    assert turns(list(cut)) == turns(run(sound, tone_networks))


def test_voices_are_told_of_each_speaker_where_they_are_asked_for(tone_networks: Networks) -> None:
    events = run(dialogue(2), tone_networks, with_voices=True)
    voices = [event for event in events if isinstance(event, SpeakerVoice)]
    assert [voice.speaker for voice in voices] == ["S1", "S2"]
    assert voices[0].vector != voices[1].vector
    assert events[-3:-1] == voices


def test_silence_has_no_turns_and_no_speakers(tone_networks: Networks) -> None:
    events = run(silence(30), tone_networks)
    assert turns(events) == []
    assert events[-1] == RecordingEnd(0, 30_000)


def test_no_sound_at_all_ends_at_once(tone_networks: Networks) -> None:
    assert run(silence(0), tone_networks) == [RecordingEnd(0, 0)]


def test_one_second_is_enough(tone_networks: Networks) -> None:
    (turn,) = turns(run(tone(1, frequency_hz=LOW_HZ), tone_networks))
    assert turn.speaker == "S1"
    assert turn.end_ms <= 1_000
    assert turn.end_ms - turn.start_ms > 900


def test_a_known_number_of_speakers_is_not_exceeded(tone_networks: Networks) -> None:
    events = run(dialogue(3), tone_networks, speaker_count_max=1)
    assert {turn.speaker for turn in turns(events)} == {"S1"}


def test_progress_rises_and_turns_come_in_order_after_it(tone_networks: Networks) -> None:
    events = run(dialogue(3), tone_networks)
    kinds = [type(event) for event in events]
    assert kinds == sorted(kinds, key=[Progress, Turn, RecordingEnd].index)
    done_ms = [event.done_ms for event in events if isinstance(event, Progress)]
    assert all(one < other for one, other in pairwise(done_ms))
    assert done_ms[-1] == 45_000
    starts_ms = [turn.start_ms for turn in turns(events)]
    assert starts_ms == sorted(starts_ms)
