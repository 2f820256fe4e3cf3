"""Gather the voices of a whole recording into speakers, in a bounded room."""

from array import array
from collections.abc import Sequence

import numpy as np

from brickwork_diarize.clustering import SAME_SPEAKER_MIN, Groups, Labels, link, link_between
from brickwork_diarize.voices import VOICE_SIZE, Floats, Piece

ROOM_MAX = 1200
"""Voices and groups held at once, about ten minutes of talk; their table has the square."""
_DENSE_STOPS = (SAME_SPEAKER_MIN, 0.5, 0.35, 0.0, -1.0)


class Speakers:
    """Takes pieces window by window and names the speaker of each at the end.

    When the room is full the voices in it are linked into groups, and linking goes on later
    from those: a speaker keeps one label however long the recording is.
    """

    def __init__(self, room_max: int = ROOM_MAX) -> None:
        self._room_max = room_max
        self._groups = groups_of([])
        self._members = np.zeros(0, np.int64)  # The first voice of each group in the room.
        self._pieces: list[Piece] = []
        self._parents = array("l")

    def add(self, pieces: Sequence[Piece]) -> list[int]:
        """Take the pieces of one window; return the number of each voice, -1 for none."""
        voiced = [piece for piece in pieces if piece.voice is not None]
        if len(self._members) + len(self._pieces) + len(voiced) > self._room_max:
            self._make_room()
        first = len(self._parents)
        self._pieces.extend(voiced)
        self._parents.extend(range(first, first + len(voiced)))
        numbers = iter(range(first, first + len(voiced)))
        return [-1 if piece.voice is None else next(numbers) for piece in pieces]

    def finish(self, least: int = 1, most: int | None = None) -> list[int]:
        """Return the speaker of each voice, counted from 0, in the order of their numbers.

        Args:
            least: how many speakers there are at least.
            most: how many there are at most; None knows of no limit.
        """
        self._join()
        self._merge(link_between(self._groups, least, most))
        speakers = {int(member): number for number, member in enumerate(self._members)}
        return [speakers[self._root(voice)] for voice in range(len(self._parents))]

    def voices(self) -> Floats:
        """Return the voice of each speaker once they are known, float32 [n, 256] of length 1."""
        sums = self._groups.sums
        return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True), np.float32)

    def _make_room(self) -> None:
        """Link what is held; a recording of ever new voices is linked more coarsely."""
        self._join()
        for stop in _DENSE_STOPS:
            self._merge(link(self._groups, stop=stop))
            if len(self._members) <= self._room_max // 2:
                return

    def _join(self) -> None:
        """Bring the waiting voices into the groups, each as a group of its own."""
        fresh = groups_of(self._pieces)
        old, new = len(self._groups.counts), len(fresh.counts)
        apart = np.zeros((old + new, old + new), np.bool_)
        apart[:old, :old], apart[old:, old:] = self._groups.apart, fresh.apart
        sums = np.concatenate([self._groups.sums, fresh.sums])
        counts = np.concatenate([self._groups.counts, fresh.counts])
        self._groups = Groups(sums, counts, apart)
        first = len(self._parents) - new
        self._members = np.concatenate([self._members, np.arange(first, first + new)])
        self._pieces = []

    def _merge(self, labels: Labels) -> None:
        firsts = np.unique(labels, return_index=True)[1]
        for member, label in zip(self._members, labels, strict=True):
            self._parents[int(member)] = int(self._members[firsts[label]])
        self._members = self._members[firsts]
        self._groups = self._groups.merged(labels)

    def _root(self, voice: int) -> int:
        while self._parents[voice] != voice:
            voice = self._parents[voice]
        return voice


def groups_of(pieces: Sequence[Piece]) -> Groups:
    """Make a group of each piece; local speakers of one window are two people."""
    voices = np.array([piece.voice for piece in pieces], np.float64).reshape(-1, VOICE_SIZE)
    windows = np.array([piece.window for piece in pieces], np.int64)
    channels = np.array([piece.channel for piece in pieces], np.int64)
    together = windows[:, np.newaxis] == windows
    apart = together & (channels[:, np.newaxis] != channels)
    return Groups(voices, np.ones(len(pieces)), apart)
