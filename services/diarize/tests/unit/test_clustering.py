import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from brickwork_diarize.clustering import (
    SAME_SPEAKER_MIN,
    Groups,
    Labels,
    absorb,
    link,
    link_between,
)


def groups(voices: NDArray[np.float64], apart: list[tuple[int, int]] | None = None) -> Groups:
    unit = voices / np.linalg.norm(voices, axis=1, keepdims=True)
    flags = np.zeros((len(voices), len(voices)), np.bool_)
    for one, other in apart or []:
        flags[one, other] = flags[other, one] = True
    return Groups(unit, np.ones(len(voices)), flags)


def slow_link(given_groups: Groups, stop: float) -> set[frozenset[int]]:
    """Link by the definition: all pairs of members, over and over."""
    cosine = given_groups.sums @ given_groups.sums.T
    parts = [frozenset([number]) for number in range(len(cosine))]
    while True:
        best, pair = stop, None
        for one in parts:
            for other in parts:
                members = np.ix_(sorted(one), sorted(other))
                if one == other or given_groups.apart[members].any():
                    continue
                if cosine[members].mean() >= best:
                    best, pair = float(cosine[members].mean()), (one, other)
        if pair is None:
            return set(parts)
        parts = [part for part in parts if part not in pair] + [pair[0] | pair[1]]


def parts_of(labels: Labels) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels)}


@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.integers(2, 9),
    stop=st.floats(-0.5, 0.95),
    apart_share=st.floats(0, 0.5),
)
def test_linking_is_average_linkage_that_keeps_apart(
    seed: int, size: int, stop: float, apart_share: float
) -> None:
    random = np.random.default_rng(seed)
    pairs = [
        (one, other) for one in range(size) for other in range(one) if random.random() < apart_share
    ]
    some = groups(random.normal(size=(size, 4)), pairs)
    assert parts_of(link(some, stop=stop)) == slow_link(some, stop)


def test_linking_goes_on_from_groups_as_if_it_had_never_stopped() -> None:
    random = np.random.default_rng(5)
    some = groups(random.normal(size=(40, 3)))
    early = link(some, stop=0.9)
    late = link(some.merged(early), stop=0.4)
    assert parts_of(late[early]) == parts_of(link(some, stop=0.4))


def test_labels_count_from_zero_without_gaps() -> None:
    labels = link(groups(np.eye(3)[[0, 1, 0, 2]]), stop=0.5)
    assert sorted(set(labels.tolist())) == [0, 1, 2]
    assert labels[0] == labels[2]


def test_nothing_and_one_voice_link_to_themselves() -> None:
    assert link(groups(np.ones((0, 3))), stop=0.5).tolist() == []
    assert link(groups(np.ones((1, 3))), stop=0.5).tolist() == [0]


def test_known_speakers_who_sound_alike_stay_apart() -> None:
    random = np.random.default_rng(3)
    near = np.array([[1.0, 0.4, 0.0]] * 10 + [[1.0, -0.4, 0.0]] * 10)
    some = groups(near + random.normal(scale=0.02, size=near.shape))
    assert len(parts_of(link(some, stop=SAME_SPEAKER_MIN))) == 1
    known = parts_of(link_between(some, 2, None))
    assert known == {frozenset(range(10)), frozenset(range(10, 20))}


def test_a_small_group_goes_to_the_most_similar_that_it_does_not_talk_with() -> None:
    voices = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]])
    kept = np.array([0, 1])
    assert absorb(groups(voices), kept).tolist() == [0, 1, 0]
    assert absorb(groups(voices, [(0, 2)]), kept).tolist() == [0, 1, 1]


def test_fewer_speakers_come_back_where_no_more_can_be_told_apart() -> None:
    same = groups(np.array([[1.0, 0.0]] * 12))
    assert parts_of(link_between(same, 3, 3)) == {frozenset(range(12))}
