from collections.abc import Iterable, Sequence

import numpy as np

from brickwork_diarize.activity import ActivityLog, WindowActivity, find_runs
from brickwork_diarize.engine import Turn
from brickwork_diarize.turns import find_turns
from brickwork_diarize.windows import STEP_FRAMES, WINDOW_FRAMES, frame_start_ms


def windows(count: int, talk: list[tuple[int, int, int]]) -> list[WindowActivity]:
    """Hear (first, end, voice), in frames of the recording, in every window it reaches."""
    heard = []
    for number in range(count):
        offset = number * STEP_FRAMES
        voices, rows = [], []
        for first, end, voice in talk:
            frames = np.zeros(WINDOW_FRAMES, np.bool_)
            frames[max(0, first - offset) : max(0, end - offset)] = True
            if frames.any():
                voices.append(voice)
                rows.append(frames)
        activity = np.array(rows, np.bool_).reshape(len(rows), WINDOW_FRAMES)
        heard.append(WindowActivity(tuple(voices), activity))
    return heard


def turns_of(
    heard: Iterable[WindowActivity], speakers: Sequence[int], duration_ms: int
) -> list[Turn]:
    return find_turns(heard, speakers, duration_ms)[0]


def test_overlap_survives_and_labels_follow_the_first_to_speak() -> None:
    heard = windows(20, [(300, 500, 0), (100, 400, 1)])
    assert turns_of(heard, [0, 1], 60_000) == [
        Turn(frame_start_ms(100), frame_start_ms(400), "S1"),
        Turn(frame_start_ms(300), frame_start_ms(500), "S2"),
    ]


def test_two_voices_of_one_speaker_make_one_turn() -> None:
    heard = windows(20, [(100, 300, 0), (300, 420, 1)])
    assert turns_of(heard, [0, 0], 60_000) == [Turn(frame_start_ms(100), frame_start_ms(420), "S1")]


def test_what_a_minority_of_windows_hears_is_no_turn() -> None:
    heard = windows(12, [(300, 400, 0)])
    quiet = windows(12, [])
    mixed = [
        one if number % 3 == 0 else other
        for number, (one, other) in enumerate(zip(heard, quiet, strict=True))
    ]
    assert turns_of(mixed, [0], 60_000) == []


def test_speech_without_a_name_is_no_turn() -> None:
    assert turns_of(windows(5, [(50, 200, -1)]), [], 60_000) == []


def test_no_turn_reaches_beyond_the_recording() -> None:
    (turn,) = turns_of(windows(1, [(0, WINDOW_FRAMES, 0)]), [0], 1_000)
    assert turn == Turn(frame_start_ms(0), 1_000, "S1")


def test_what_is_shorter_than_a_syllable_is_no_turn() -> None:
    heard = windows(20, [(100, 105, 0), (300, 306, 1)])
    assert turns_of(heard, [0, 1], 60_000) == [Turn(frame_start_ms(300), frame_start_ms(306), "S1")]


def test_the_log_gives_back_what_it_was_given() -> None:
    random = np.random.default_rng(1)
    log, given = ActivityLog(), []
    for count in (0, 2, 3, 1):
        frames = random.random((count, WINDOW_FRAMES)) < 0.3
        given.append(WindowActivity(tuple(range(-1, count - 1)), frames))
        log.add(given[-1])
    assert len(log) == 4
    for one, other in zip(log, given, strict=True):
        assert one.voices == other.voices
        assert np.array_equal(one.frames, other.frames)


def test_runs_touch_both_ends() -> None:
    assert find_runs(np.array([True, True, False, True])) == [(0, 2), (3, 4)]
    assert find_runs(np.zeros(3, np.bool_)) == []


def test_speakers_are_called_in_the_order_in_which_they_begin() -> None:
    heard = windows(20, [(300, 500, 0), (100, 400, 1)])
    assert find_turns(heard, [7, 4], 60_000)[1] == {4: "S1", 7: "S2"}
