"""A talk as it is recorded: slides that fade into each other, a speaker in a corner, a pointer.

Drawn here, so that it is known which text stands when; the words are our own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import sin, tau
from pathlib import Path
from random import Random

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

WIDTH_PX, HEIGHT_PX = 1280, 720
FRAMES_PER_SECOND = 5
SLIDE_COUNT = 20

_SUBJECTS = ["memory", "the broker", "every model", "a worker", "the queue", "speech", "the ledger"]
_VERBS = ["waits for", "goes before", "depends on", "never blocks", "gives way to", "outlives"]
_OBJECTS = [
    "the next job",
    "a slow reader",
    "urgent work",
    "the last result",
    "the disk",
    "a lease",
]
_TITLES = [
    "Goals",
    "Risks",
    "Budget",
    "Results",
    "Method",
    "Team",
    "Dates",
    "Costs",
    "Limits",
    "Next",
]
_GROUNDS = (((250, 248, 244), (30, 30, 36)), ((24, 32, 48), (236, 238, 240)))
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Shown:
    """A slide: what it says, and from when to when it is more to be seen than its neighbours."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True)
class Deck:
    """A talk that can be drawn.

    Attributes:
        slides: in order of time.
        fade_ms: how long each fades into the next, about its start.
        inset: left and top of the speaker's picture, in pixels.
        seed: what all of it was drawn by lot from.
    """

    slides: tuple[Shown, ...]
    fade_ms: int
    inset: tuple[int, int]
    seed: int


def drawn_by_lot(seed: int) -> Deck:
    """Make a talk of 20 slides, each 4 to 9 s long."""
    lot = Random(seed)  # noqa: S311 - a talk is no secret
    slides, start_ms = [], 0
    for number in range(1, SLIDE_COUNT + 1):
        end_ms = start_ms + lot.randrange(4_000, 9_000, 200)
        lines = [f"{lot.choice(_TITLES)} of part {number}"]
        for _ in range(lot.randint(2, 4)):
            words = lot.choice(_SUBJECTS), lot.choice(_VERBS), lot.choice(_OBJECTS)
            lines.append(" ".join(words).capitalize())
        slides.append(Shown(start_ms, end_ms, "\n".join(lines)))
        start_ms = end_ms
    inset = lot.choice(((1000, 510), (20, 510), (1000, 20)))
    return Deck(tuple(slides), lot.choice((600, 1000, 1400)), inset, seed)


def write_deck(deck: Deck, path: Path) -> Path:
    """Write the talk as a video without sound, `.mp4`, and return its path."""
    with av.open(str(path), "w") as target:
        video = target.add_stream("mpeg4", rate=FRAMES_PER_SECOND)
        video.width, video.height, video.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        video.bit_rate = 2_000_000
        for number, pixels in enumerate(frames(deck)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_SECOND)
            target.mux(video.encode(frame))
        target.mux(video.encode(None))
    return path


def frames(deck: Deck) -> Iterator[Pixels]:
    """Yield each frame, uint8 [720, 1280, 3] RGB."""
    pictures = [_slide(slide, at, deck) for at, slide in enumerate(deck.slides)]
    lot, now, still_until_ms = Random(deck.seed), 0, 0  # noqa: S311 - as above
    place, goal, pose = np.array((640.0, 360.0)), np.array((640.0, 360.0)), 0.0
    for number in range(deck.slides[-1].end_ms * FRAMES_PER_SECOND // 1000):
        time_ms = number * 1000 // FRAMES_PER_SECOND
        while time_ms >= deck.slides[now].end_ms:
            now += 1
        picture = _faded(deck, pictures, now, time_ms)
        if time_ms >= still_until_ms:
            pose = time_ms / 1000
            if lot.random() < 0.02:  # The speaker holds still and listens for a moment.
                still_until_ms = time_ms + lot.randrange(1_000, 4_000)
        _draw_speaker(picture, deck.inset, pose)
        if abs(place - goal).max() < 8 and lot.random() < 0.1:
            goal = np.array((lot.uniform(60, 1200), lot.uniform(60, 660)))
        place += (goal - place) / 4
        _draw_pointer(picture, place)
        yield np.asarray(picture)


def _slide(slide: Shown, at: int, deck: Deck) -> Image.Image:
    ground, ink = _GROUNDS[(at // 3) % 2]
    picture = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), ground)
    pen = ImageDraw.Draw(picture)
    left_px = 300 if deck.inset[0] < 300 else 80
    title, *lines = slide.text.split("\n")
    pen.text((left_px, 90), title, ink, ImageFont.load_default(60))
    for row, line in enumerate(lines):
        pen.text((left_px, 220 + 70 * row), line, ink, ImageFont.load_default(34))
    return picture


def _faded(deck: Deck, pictures: list[Image.Image], now: int, time_ms: int) -> Image.Image:
    """Mix the slide with its neighbour while one fades into the other."""
    slide, half_ms = deck.slides[now], deck.fade_ms // 2
    since_ms, left_ms = time_ms - slide.start_ms, slide.end_ms - time_ms
    if now and since_ms < half_ms:
        share = 0.5 - since_ms / deck.fade_ms
        return Image.blend(pictures[now], pictures[now - 1], share)
    if now + 1 < len(pictures) and left_ms < half_ms:
        share = 0.5 - left_ms / deck.fade_ms
        return Image.blend(pictures[now], pictures[now + 1], share)
    return pictures[now].copy()


def _draw_speaker(picture: Image.Image, inset: tuple[int, int], pose: float) -> None:
    left, top = inset
    pen = ImageDraw.Draw(picture)
    pen.rectangle((left, top, left + 260, top + 190), fill=(96, 112, 104))
    x = left + 130 + 26 * sin(tau * pose / 2.7) + 9 * sin(tau * pose / 0.9)
    y = top + 96 + 9 * sin(tau * pose / 1.7)
    pen.rectangle((x - 70, y + 50, x + 70, top + 190), fill=(52, 60, 110))
    pen.ellipse((x - 44, y - 58, x + 44, y + 58), fill=(224, 178, 150))
    pen.rectangle((x - 46, y - 62, x + 46, y - 30), fill=(60, 44, 36))
    mouth = 3 + 7 * abs(sin(tau * pose / 0.61))
    pen.ellipse((x - 16, y + 28 - mouth, x + 16, y + 28 + mouth), fill=(120, 40, 44))
    for side in (-18, 18):
        pen.ellipse((x + side - 5, y - 10, x + side + 5, y), fill=(30, 30, 30))


def _draw_pointer(picture: Image.Image, place: NDArray[np.float64]) -> None:
    x, y = place
    arrow = ((0, 0), (0, 19), (5, 14), (9, 21), (12, 19), (8, 13), (13, 13))
    points = [(x + across, y + down) for across, down in arrow]
    ImageDraw.Draw(picture).polygon(points, fill="white", outline="black")
