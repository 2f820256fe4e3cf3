import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brickwork_diarize import clustering, speakers
from brickwork_diarize.clustering import Groups, Labels
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


@settings(max_examples=25, deadline=None)
@given(
    people=st.lists(st.integers(0, 5), min_size=1, max_size=120),
    room_max=st.integers(12, 60),
)
def test_whoever_talks_on_both_sides_of_a_border_is_one_speaker(
    people: list[int], room_max: int
) -> None:
    speakers = Speakers(room_max)
    for window, person in enumerate(people):
        speakers.add([piece(window, 0, person, window)])
    labels = speakers.finish()
    for one, other in zip(range(len(people)), range(1, len(people)), strict=False):
        assert (labels[one] == labels[other]) == (people[one] == people[other])
    assert len(set(labels)) == len(set(people))


def linking_steps(monkeypatch: pytest.MonkeyPatch, window_count: int) -> int:
    """Count the entries of all tables of similarities that a recording fills."""
    steps = 0
    whole = clustering.link

    def counted(groups: Groups, *, stop: float) -> Labels:
        nonlocal steps
        steps += len(groups.counts) ** 2
        return whole(groups, stop=stop)

    for module in (clustering, speakers):
        monkeypatch.setattr(module, "link", counted)
    gathered = Speakers(room_max=60)
    for window in range(window_count):
        gathered.add([piece(window, 0, window // 7 % 5, window)])
    assert len(set(gathered.finish())) == 5
    monkeypatch.undo()
    return steps


def test_linking_costs_as_much_a_minute_in_a_long_recording_as_in_a_short_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert linking_steps(monkeypatch, 3_000) <= 6.6 * linking_steps(monkeypatch, 500)


def test_the_voice_of_a_speaker_is_the_mean_of_all_its_voices() -> None:
    gathered = Speakers(room_max=20)
    for window in range(90):
        gathered.add([piece(window, 0, window % 3, window)])
    labels = gathered.finish()
    voices = gathered.voices()
    for window in range(3):
        assert voices[labels[window]][window % 3] > 0.99
    np.testing.assert_allclose(np.linalg.norm(voices, axis=1), 1.0, atol=1e-6)


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


def test_a_greatest_number_of_speakers_is_not_exceeded() -> None:
    gathered = Speakers()
    for window in range(60):
        gathered.add([piece(window, 0, window % 4, window)])
    assert len(set(gathered.finish(1, 3))) == 3


def test_outliers_do_not_take_the_place_of_a_known_speaker() -> None:
    speakers, people = Speakers(), []
    for window in range(60):
        person = 9 if window == 30 else window % 2
        speakers.add([piece(window, 0, person, window)])
        people.append(person)
    labels = speakers.finish(2, 2)
    assert len(set(labels)) == 2
    found = (
        {label for person, label in zip(people, labels, strict=True) if person == 0},
        {label for person, label in zip(people, labels, strict=True) if person == 1},
    )
    assert len(found[0]) == len(found[1]) == 1
    assert found[0] != found[1]


def test_no_voices_have_no_speakers() -> None:
    assert Speakers().finish() == []
    assert Speakers().finish(3, 3) == []


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
