import tracemalloc

import numpy as np
import pytest

from brickwork_diarize.speakers import Speakers
from brickwork_diarize.voices import VOICE_SIZE, Piece
from brickwork_diarize.windows import WINDOW_FRAMES

FRAMES = np.ones(WINDOW_FRAMES, np.bool_)


def piece(window: int, channel: int, person: int, seed: int) -> Piece:
    random = np.random.default_rng(seed)
    voice = random.normal(scale=0.02, size=VOICE_SIZE)
    voice[person] += 1.0
    return Piece(window, channel, FRAMES, (voice / np.linalg.norm(voice)).astype(np.float32))


@pytest.mark.parametrize("room_max", [20, 1200])
def test_a_speaker_keeps_one_label_however_often_the_room_was_full(room_max: int) -> None:
    speakers, people = Speakers(room_max), []
    for window in range(300):
        own = [window // 40 % 4, 4 + window % 3]
        numbers = speakers.add(
            [
                piece(window, channel, person, 2 * window + channel)
                for channel, person in enumerate(own)
            ]
        )
        assert numbers == [2 * window, 2 * window + 1]
        people += own
    labels = speakers.finish()
    assert len(set(zip(people, labels, strict=True))) == len(set(people)) == len(set(labels))


def test_people_who_talk_in_one_window_are_two_however_alike() -> None:
    speakers = Speakers()
    for window in range(30):
        speakers.add([piece(window, 0, 0, 1), piece(window, 1, 0, 1)])
    labels = speakers.finish()
    assert all(one != other for one, other in zip(labels[::2], labels[1::2], strict=True))


def test_a_piece_without_a_voice_has_no_number() -> None:
    speakers = Speakers()
    assert speakers.add([Piece(0, 0, FRAMES, None), piece(0, 1, 0, 1)]) == [-1, 0]
    assert speakers.finish() == [0]


def test_outliers_do_not_take_the_place_of_a_known_speaker() -> None:
    speakers, people = Speakers(), []
    for window in range(60):
        person = 9 if window == 30 else window % 2
        speakers.add([piece(window, 0, person, window)])
        people.append(person)
    labels = speakers.finish(speaker_count=2)
    assert len(set(labels)) == 2
    found = (
        {label for person, label in zip(people, labels, strict=True) if person == 0},
        {label for person, label in zip(people, labels, strict=True) if person == 1},
    )
    assert len(found[0]) == len(found[1]) == 1
    assert found[0] != found[1]


def test_no_voices_have_no_speakers() -> None:
    assert Speakers().finish() == []
    assert Speakers().finish(speaker_count=3) == []


def test_ever_new_voices_do_not_outgrow_the_room() -> None:
    speakers = Speakers(room_max=40)
    for window in range(VOICE_SIZE):
        speakers.add([piece(window, 0, window, window)])
    assert len(set(speakers.finish())) <= 40


def peak_bytes(window_count: int) -> int:
    same, speakers = piece(0, 0, 0, 1), Speakers(room_max=40)
    tracemalloc.start()
    for _ in range(window_count):
        speakers.add([same])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_hardly_grows_with_the_recording() -> None:
    assert peak_bytes(2_400) - peak_bytes(1_200) < 40_000
