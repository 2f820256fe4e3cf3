"""Cutting sound into clips: nothing lost, nothing twice, bounded, whatever the blocks."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brickwork_asr.clips import CLIP_SECONDS_MAX, Clip, Samples, cut_clips
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, AudioBlock

LONGEST = int(CLIP_SECONDS_MAX * SAMPLE_RATE_HZ)


def loud(samples: Samples) -> list[tuple[int, int]]:
    """Find stretches of ones, none longer than a clip: a voice activity detector for tests."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], samples, [0]]) != 0))
    found = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        found += [(at, min(at + LONGEST, end)) for at in range(start, end, LONGEST)]
    return found


def sound(*stretches: tuple[float, float], seconds: float) -> Samples:
    samples = np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32)
    for start, end in stretches:
        samples[int(start * SAMPLE_RATE_HZ) : int(end * SAMPLE_RATE_HZ)] = 1
    return samples


def blocks(samples: Samples, block_seconds: float, start_ms: int = 0) -> Iterator[AudioBlock]:
    size = int(block_seconds * SAMPLE_RATE_HZ)
    for at in range(0, len(samples), size):
        yield AudioBlock(start_ms + at * 1000 // SAMPLE_RATE_HZ, samples[at : at + size])


def spans(clips: list[Clip]) -> list[tuple[int, int]]:
    return [(clip.start_ms, clip.start_ms + len(clip.samples) // 16) for clip in clips]


def test_silence_gives_no_clip() -> None:
    assert list(cut_clips(blocks(sound(seconds=90), 30), loud)) == []


def test_a_recording_of_no_sound_gives_no_clip() -> None:
    assert list(cut_clips([], loud)) == []


def test_neighbours_share_a_clip_and_strangers_do_not() -> None:
    samples = sound((1, 5), (6, 9), (50, 55), seconds=60)
    assert spans(list(cut_clips(blocks(samples, 60), loud))) == [(1000, 9000), (50_000, 55_000)]


def test_a_clip_knows_where_in_it_somebody_speaks() -> None:
    (clip,) = cut_clips(blocks(sound((1, 5), (6, 9), seconds=10), 60), loud)
    assert clip.speech == ((0, 64_000), (80_000, 128_000))


def test_speech_over_a_block_border_is_not_cut() -> None:
    samples = sound((25, 35), seconds=60)
    assert spans(list(cut_clips(blocks(samples, 30), loud))) == [(25_000, 35_000)]


def test_times_count_from_the_start_of_the_recording() -> None:
    samples = sound((1, 3), seconds=5)
    assert spans(list(cut_clips(blocks(samples, 2, start_ms=7000), loud))) == [(8000, 10_000)]


def test_endless_speech_is_cut_to_the_window() -> None:
    clips = list(cut_clips(blocks(sound((0, 150), seconds=150), 60), loud))
    assert max(len(clip.samples) for clip in clips) <= LONGEST
    assert sum(len(clip.samples) for clip in clips) == 150 * SAMPLE_RATE_HZ


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(2, 9)), max_size=12),
    st.sampled_from([7.0, 30.0, 61.0]),
)
def test_all_speech_comes_once_and_in_order(
    pattern: list[tuple[int, int]], block_seconds: float
) -> None:
    at, stretches = 0, []
    for pause, length in pattern:
        stretches.append((at + pause, at + pause + length))
        at += pause + length
    samples = sound(*stretches, seconds=at + 1)
    clips = list(cut_clips(blocks(samples, block_seconds), loud))
    assert sum(float(clip.samples.sum()) for clip in clips) == samples.sum()
    ends = [end for span in spans(clips) for end in span]
    assert ends == sorted(ends)
    assert all(len(clip.samples) <= LONGEST for clip in clips)


@pytest.mark.parametrize("block_seconds", [10.0, 60.0])
def test_what_is_held_does_not_grow_with_the_recording(block_seconds: float) -> None:
    longest = 0

    def watch(samples: Samples) -> list[tuple[int, int]]:
        nonlocal longest
        longest = max(longest, len(samples))
        return loud(samples)

    pattern = [(start, start + 20.0) for start in range(0, 600, 25)]
    for _ in cut_clips(blocks(sound(*pattern, seconds=600), block_seconds), watch):
        pass
    assert longest <= (block_seconds + 2 * CLIP_SECONDS_MAX) * SAMPLE_RATE_HZ
