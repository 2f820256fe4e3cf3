"""Put the demo's recording together: three readers taking turns, and their slides.

The voices are the clips of `tests/data/recordings`, whose README names their
readers, sources and licences; the slides are our own words, drawn here. VP9 and
Opus, because both are royalty-free and their encoders are not under the GPL.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

CLIPS = Path(__file__).resolve().parent.parent / "tests" / "data" / "recordings"
SAMPLE_RATE_HZ = 16_000
LEAD_IN_MS = 1_000
PAUSE_MS = 700
LEVEL_RMS = 0.06
"""Loudness that every clip is brought to; the readers sat at different distances."""

FRAMES_PER_SECOND = 5
WIDTH_PX, HEIGHT_PX = 1280, 720
FADE_FRAMES = 5


@dataclass(frozen=True)
class Cut:
    """A stretch of one clip and the words in it; cut where the reader pauses."""

    speaker: str
    clip: str
    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True)
class Slide:
    """A slide that comes up during the cut of this index, so long after its start."""

    cut: int
    after_ms: int
    fades_in: bool
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Span:
    """A stretch of the recording and what is truly said or shown in it."""

    start_ms: int
    end_ms: int
    text: str
    speaker: str | None = None


CUTS = (
    Cut(
        "dickens",
        "dickens",
        900,
        13_100,
        "It was the best of times, it was the worst of times, it was the age of wisdom, it was "
        "the age of foolishness, it was the epoch of belief, it was the epoch of incredulity.",
    ),
    Cut(
        "austen",
        "austen-1",
        0,
        7_100,
        "And Mr. John Dashwood had then leisure to consider how much there might be prudently in "
        "his power to do for them.",
    ),
    Cut("austen", "austen-2", 0, 2_990, "He was not an ill-disposed young man."),
    Cut(
        "shakespeare",
        "shakespeare",
        2_200,
        14_900,
        "From fairest creatures we desire increase, that thereby beauty's rose might never die, "
        "but as the riper should by time decease, his tender heir might bear his memory.",
    ),
    Cut(
        "dickens",
        "dickens",
        13_150,
        28_650,
        "It was the season of light, it was the season of darkness, it was the spring of hope, "
        "it was the winter of despair. We had everything before us, we had nothing before us. We "
        "were all going direct to heaven, we were all going direct the other way.",
    ),
    Cut(
        "austen",
        "austen-3",
        0,
        5_300,
        "Unless to be rather cold-hearted and rather selfish is to be ill-disposed.",
    ),
    Cut(
        "austen",
        "austen-4",
        0,
        6_050,
        "Had he married a more amiable woman, he might have been made still more respectable "
        "than he was.",
    ),
    Cut("austen", "austen-5", 0, 3_290, "He might even have been made amiable himself."),
    Cut(
        "shakespeare",
        "shakespeare",
        43_900,
        52_700,
        "Pity the world, or else this glutton be, to eat the world's due, by the grave and thee.",
    ),
    Cut(
        "dickens",
        "dickens",
        28_650,
        42_100,
        "In short, the period was so far like the present period, that some of its noisiest "
        "authorities insisted on its being received, for good or for evil, in the superlative "
        "degree of comparison only.",
    ),
)

SLIDES = (
    Slide(0, -LEAD_IN_MS, False, "Three Readings", ("An evening with three English authors",)),
    Slide(
        0, 5_000, True, "Charles Dickens",
        ("A Tale of Two Cities, 1859", "The best and the worst of times"),
    ),
    Slide(
        1, -300, False, "Jane Austen",
        ("Sense and Sensibility, 1811", "What should John Dashwood do for his sisters?"),
    ),
    Slide(
        3, -300, False, "William Shakespeare",
        ("Sonnet 1, printed in 1609", "Beauty fades, but memory may live on"),
    ),
    Slide(
        5, -300, False, "What they share",
        (
            "1. Every age thinks itself the best or the worst",
            "2. A kinder marriage may change a man",
            "3. Pity the world, and leave it something",
        ),
    ),
)  # fmt: skip


def make_recording(path: Path) -> None:
    """Write the recording, and beside it the truth about it as `<name>.truth.json`.

    Args:
        path: `.mp4`, `.mkv` or `.webm`; 1280x720 at 5 frames a second, mono at 16 kHz.
    """
    samples, turns = assemble_sound()
    duration_ms = len(samples) * 1000 // SAMPLE_RATE_HZ
    slides = place_slides(turns, duration_ms)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, samples, draw_frames(slides, duration_ms))
    truth = {
        "duration_ms": duration_ms,
        "language": "en",
        "speakers": sorted({cut.speaker for cut in CUTS}),
        "turns": [asdict(turn) for turn in turns],
        "slides": [
            {"start_ms": span.start_ms, "end_ms": span.end_ms, "text": span.text} for span in slides
        ],
    }
    truth_path = path.with_suffix(".truth.json")
    truth_path.write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n", "utf-8")


def assemble_sound() -> tuple[NDArray[np.float32], list[Span]]:
    """Join the cuts with pauses.

    Returns:
        The samples, float32 [n], mono, 16 kHz, in [-1, 1], and one span per cut.
    """
    pause = np.zeros(PAUSE_MS * SAMPLE_RATE_HZ // 1000, np.float32)
    pieces = [np.zeros(LEAD_IN_MS * SAMPLE_RATE_HZ // 1000, np.float32)]
    length = len(pieces[0])
    turns = []
    for cut in CUTS:
        voice = read_cut(cut)
        start_ms, end_ms = (n * 1000 // SAMPLE_RATE_HZ for n in (length, length + len(voice)))
        turns.append(Span(start_ms, end_ms, cut.text, cut.speaker))
        pieces += [voice, pause]
        length += len(voice) + len(pause)
    return np.concatenate(pieces), turns


def read_cut(cut: Cut) -> NDArray[np.float32]:
    """Return the samples of a cut at the common level, its edges softened.

    Returns:
        float32 [n], mono, 16 kHz, in [-1, 1].
    """
    with av.open(str(CLIPS / f"{cut.clip}.flac")) as clip:
        frames = [frame.to_ndarray()[0] for frame in clip.decode(audio=0)]
    whole = np.concatenate(frames).astype(np.float32) / np.float32(32768)
    gain = min(LEVEL_RMS / float(np.sqrt(np.mean(whole**2))), 0.9 / float(np.abs(whole).max()))
    per_ms = SAMPLE_RATE_HZ // 1000
    voice = whole[cut.start_ms * per_ms : cut.end_ms * per_ms] * np.float32(gain)
    edge = np.linspace(0, 1, 20 * per_ms, dtype=np.float32)
    voice[: len(edge)] *= edge
    voice[-len(edge) :] *= edge[::-1]
    return voice


def place_slides(turns: list[Span], duration_ms: int) -> list[Span]:
    """Return when each slide is shown, and all that is written on it."""
    starts_ms = [max(0, turns[slide.cut].start_ms + slide.after_ms) for slide in SLIDES]
    ends_ms = [*starts_ms[1:], duration_ms]
    texts = ["\n".join((slide.title, *slide.lines, folio(n))) for n, slide in enumerate(SLIDES, 1)]
    return [Span(*placed) for placed in zip(starts_ms, ends_ms, texts, strict=True)]


def folio(number: int) -> str:
    """Return what stands in the corner of the slide of this number."""
    return f"{number} / {len(SLIDES)}"


def draw_slide(slide: Slide, number: int) -> NDArray[np.uint8]:
    """Return the slide as uint8 [720, 1280, 3] RGB."""
    picture = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), (250, 248, 244))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, 28, HEIGHT_PX), fill=(176, 74, 48))
    pen.text((110, 120), slide.title, (40, 36, 34), ImageFont.load_default(84))
    for row, line in enumerate(slide.lines):
        pen.text((110, 300 + 90 * row), line, (70, 64, 60), ImageFont.load_default(44))
    pen.text((1160, 640), folio(number), (120, 112, 106), ImageFont.load_default(30))
    return np.asarray(picture)


def draw_frames(spans: list[Span], duration_ms: int) -> Iterator[NDArray[np.uint8]]:
    """Yield every frame in turn, uint8 [720, 1280, 3] RGB; some slides fade in."""
    pictures = [draw_slide(slide, number) for number, slide in enumerate(SLIDES, 1)]
    starts = [span.start_ms * FRAMES_PER_SECOND // 1000 for span in spans]
    for index in range(-(-duration_ms * FRAMES_PER_SECOND // 1000)):
        now = sum(start <= index for start in starts) - 1
        shown = pictures[now]
        step = index - starts[now] + 1
        if SLIDES[now].fades_in and step < FADE_FRAMES:
            share = step / FADE_FRAMES
            mixed = pictures[now - 1] * (1 - share) + shown * share
            shown = mixed.astype(np.uint8)
        yield shown


def write_video(
    path: Path, samples: NDArray[np.float32], frames: Iterator[NDArray[np.uint8]]
) -> None:
    """Encode the frames with the sound that belongs to them, one after the other."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libvpx-vp9", rate=FRAMES_PER_SECOND)
        video.width, video.height, video.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        video.options = {"deadline": "realtime", "cpu-used": "8", "crf": "34", "b": "0"}
        video.gop_size = 10 * FRAMES_PER_SECOND
        audio = container.add_stream("libopus", rate=SAMPLE_RATE_HZ, layout="mono")
        audio.bit_rate = 32_000
        for index, (pixels, sound) in enumerate(zip(frames, split(samples), strict=True)):
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            picture.pts, picture.time_base = index, Fraction(1, FRAMES_PER_SECOND)
            container.mux(video.encode(picture))
            container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def split(samples: NDArray[np.float32]) -> Iterator[Any]:
    """Yield the sound of one video frame after the other."""
    step = SAMPLE_RATE_HZ // FRAMES_PER_SECOND
    for start in range(0, len(samples), step):
        block = samples[None, start : start + step]
        sound = av.AudioFrame.from_ndarray(block, format="flt", layout="mono")
        sound.sample_rate, sound.pts = SAMPLE_RATE_HZ, start
        sound.time_base = Fraction(1, SAMPLE_RATE_HZ)
        yield sound


def main() -> None:
    """Write the recording where the command line says."""
    parser = argparse.ArgumentParser(description="Write the recording of the demo.")
    parser.add_argument("path", type=Path, help="where to write it: .mp4, .mkv or .webm")
    make_recording(parser.parse_args().path)


if __name__ == "__main__":
    main()
