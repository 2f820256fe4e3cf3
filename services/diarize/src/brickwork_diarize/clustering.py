"""Gather voices into speakers by average linkage, keeping apart those who talk together.

The average cosine between the members of two groups is the product of the groups' mean voices,
so a group is fully described by a sum and a count, and linking can go on later from there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]

SAME_SPEAKER_MIN = 0.65
"""Groups whose members agree less on average, as a cosine, are two speakers."""
STRICTER_STOPS = (0.7, 0.75)
"""Tried one after the other where a caller knows of more speakers than were found."""
_SIZABLE_SHARE = 0.02
"""A group with less of all voices is an outlier, and none of the speakers that were counted."""

_NEVER = -2.0  # Below every cosine.


@dataclass
class Groups:
    """Groups of voices.

    Attributes:
        sums: float64 [n, 256], the sum of each group's voices, each of length 1.
        counts: float64 [n], how many voices each holds.
        apart: bool [n, n], symmetric: these two talk in one window, so they are two people.
    """

    sums: NDArray[np.float64]
    counts: NDArray[np.float64]
    apart: NDArray[np.bool_]

    def similarities(self) -> NDArray[np.float64]:
        """Return the average cosine between every two groups, float64 [n, n]."""
        means = self.sums / self.counts[:, np.newaxis]
        return means @ means.T

    def merged(self, labels: Labels) -> "Groups":
        """Return the groups that these labels, counted from 0, make of the present ones."""
        count = int(labels.max(initial=-1)) + 1
        member = np.zeros((count, len(labels)))
        member[labels, np.arange(len(labels))] = 1.0
        apart = (member @ self.apart @ member.T) > 0
        return Groups(member @ self.sums, member @ self.counts, apart)


def link(groups: Groups, *, stop: float) -> Labels:
    """Merge the two most similar groups until none are similar enough.

    Source: average linkage (UPGMA) with cannot-link constraints, Davidson and Ravi 2005. Each
    row remembers its best partner. Merging never brings two groups nearer to a third than the
    nearer one was, so a stale memory is an upper bound and is renewed only when it comes first:
    n groups cost about n² steps in all.

    Args:
        groups: n groups.
        stop: the least similarity that still merges, a cosine.

    Returns:
        int64 [n], which group each one has become, counted from 0 without gaps.
    """
    size = len(groups.counts)
    labels: Labels = np.arange(size)
    if size < 2:
        return labels
    sums, counts, apart = groups.sums.copy(), groups.counts.copy(), groups.apart.copy()
    table = groups.similarities()
    table[apart] = _NEVER
    np.fill_diagonal(table, _NEVER)
    partner = table.argmax(axis=1)
    best = table[np.arange(size), partner]
    stale = np.zeros(size, np.bool_)
    while True:
        kept = int(best.argmax())
        if stale[kept]:
            partner[kept] = table[kept].argmax()
            best[kept], stale[kept] = table[kept, partner[kept]], False
            continue
        if best[kept] < stop:
            return _without_gaps(labels)
        gone = int(partner[kept])
        labels[labels == gone] = kept
        sums[kept] += sums[gone]
        counts[kept] += counts[gone]
        counts[gone] = 0.0
        apart[kept] |= apart[gone]
        apart[:, kept] = apart[kept]
        row = (sums @ sums[kept]) / (np.maximum(counts, 1.0) * counts[kept])
        row[apart[kept] | (counts == 0.0)] = _NEVER
        row[kept] = _NEVER
        table[kept] = table[:, kept] = row
        table[gone] = table[:, gone] = best[gone] = _NEVER
        stale |= (partner == kept) | (partner == gone)
        partner[kept] = row.argmax()
        best[kept], stale[kept] = row[partner[kept]], False


def link_between(groups: Groups, least: int, most: int | None) -> Labels:
    """Link as `link` does, but more strictly where fewer speakers come out than there are.

    Outliers do not count, and go to the most similar of the speakers where these are too many.

    Args:
        groups: n groups.
        least: how many speakers there are at least; fewer come back where no more can be told
            apart.
        most: how many there are at most; None knows of no limit.

    Returns:
        int64 [n], as `link`.
    """
    found = link(groups, stop=SAME_SPEAKER_MIN)
    for stop in STRICTER_STOPS:
        if _sizable_count(groups, found) >= least:
            break
        stricter = link(groups, stop=stop)
        if _sizable_count(groups, stricter) >= least:
            found = stricter
    merged = groups.merged(found)
    if most is None or len(merged.counts) <= most:
        return found
    largest = np.argsort(-merged.counts, kind="stable")[:most]
    return absorb(merged, largest)[found]


def _sizable_count(groups: Groups, labels: Labels) -> int:
    counts = np.bincount(labels, weights=groups.counts)
    return int((counts >= _SIZABLE_SHARE * groups.counts.sum()).sum())


def absorb(groups: Groups, kept: NDArray[np.int64]) -> Labels:
    """Give every group to the most similar of the kept ones, first among those not apart.

    Args:
        groups: n groups.
        kept: int64 [k], numbers of the groups that stay, k > 0.

    Returns:
        int64 [n], from 0 to k - 1 in the order of `kept`.
    """
    table = groups.similarities()[:, kept]
    table[groups.apart[:, kept]] -= 2.0
    labels: Labels = table.argmax(axis=1)
    labels[kept] = np.arange(len(kept))
    return labels


def _without_gaps(labels: Labels) -> Labels:
    return np.unique(labels, return_inverse=True)[1]
