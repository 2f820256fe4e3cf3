"""What the benchmark of speakers is made of; the engine itself is not run here."""

import numpy as np
import pytest

from brickwork_diarize.engine import Voice
from tools.bench import plain_speakers
from tools.bench.diarization_error import Talk
from tools.bench.meetings import Meeting, meetings
from tools.bench.plain_speakers import Floats, tell_apart
from tools.bench.spliced import PIECE_COUNT, splices
from tools.bench.voice_trials import SAMPLES_MAX, Sample, samples, trials

NO_SOUND = np.zeros(0, np.float32)


def test_every_meeting_has_its_truth_also_the_one_whose_name_is_not_ascii() -> None:
    found = {meeting.name: meeting for meeting in meetings()}
    assert len(found) == 15
    assert len([one for one in found.values() if one.is_tuned]) == 10
    assert found["trñ00"].is_tuned
    for one in found.values():
        assert abs(one.samples.size - 480_000) <= 1
        assert one.truth
        assert max(talk.start_ms for talk in one.truth) < 30_000


def test_who_talks_alone_is_told_without_what_others_talk_into() -> None:
    truth = [Talk(0, 4_000, "ann"), Talk(3_000, 5_000, "bob"), Talk(5_000, 6_000, "ann")]
    meeting = Meeting("m", NO_SOUND, truth, is_tuned=True)
    assert meeting.alone("ann") == [(0, 3_000), (5_000, 6_000)]
    assert meeting.alone("bob") == [(4_000, 5_000)]


def test_spliced_readings_are_the_same_each_time_and_nobody_follows_on_himself() -> None:
    one, other = (next(splices(1)) for _ in range(2))
    assert np.array_equal(one.samples, other.samples)
    assert len(one.truth) == PIECE_COUNT
    for before, after in zip(one.truth, one.truth[1:], strict=False):
        assert before.speaker != after.speaker
        assert 49 <= after.start_ms - before.end_ms <= 301
    assert one.truth[-1].end_ms <= one.samples.size // 16


def test_samples_of_a_voice_are_few_and_long_enough() -> None:
    found = list(samples())
    people = [sample.person for sample in found]
    assert max(people.count(person) for person in people) <= SAMPLES_MAX * 2
    assert all(64_000 <= sample.sound.size <= 128_000 for sample in found)


def test_trials_compare_each_pair_once() -> None:
    vectors = {"ann": (1.0, 0.0), "eve": (0.8, 0.6)}
    found = [
        (Sample(person, True, NO_SOUND), Voice(vectors[person], 9_000, 1.0))
        for person in ("ann", "ann", "eve")
    ]
    tried = trials(found)
    assert (tried.same.tolist(), tried.other.tolist()) == ([1.0], [0.8, 0.8])
    assert tried.false_accept_rate(0.8) == 1.0
    assert tried.false_accept_rate(0.9) == tried.false_reject_rate(0.9) == 0.0


def test_the_plain_way_names_each_window_of_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = [{"start": 0, "end": 64_000}, {"start": 80_000, "end": 88_000}]
    monkeypatch.setattr(plain_speakers, "get_speech_timestamps", lambda *_: spans)

    def embed(windows: Floats) -> Floats:
        """Take the first half of the first span for one voice, all else for another."""
        voices = np.zeros((len(windows), 2), np.float32)
        voices[:2, 0] = voices[2:, 1] = 1.0
        return voices

    talks = tell_apart(np.ones(96_000, np.float32), embed)
    assert talks[0].start_ms == 0
    assert talks[-1].end_ms == 5_500
    first, second = talks[0].speaker, talks[-1].speaker
    assert first != second
    assert {talk.speaker for talk in talks if talk.end_ms <= 2_000} == {first}
    assert {talk.speaker for talk in talks if talk.start_ms >= 2_000} == {second}
