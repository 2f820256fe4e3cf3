"""Reading pages beside Tesseract, and the slides of a talk: how right, how fast, how often."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path

import jiwer

from brickwork_ocr.engine import (
    DocumentRequest,
    Engine,
    Page,
    TimedText,
    VideoEnd,
    VideoRequest,
)
from brickwork_ocr.rapidocr_engine import load
from brickwork_sdk.models import ModelStore
from tools.bench.deck import Deck, drawn_by_lot, write_deck
from tools.bench.pages import pages, save
from tools.bench.row import Row, at_least, at_most
from tools.quality import ROOT

MODEL = "pp-ocrv6-small"
TEXTS = ("alice-3", "alice-4", "alice-5")
"""What is reported on; all that was chosen was chosen on the other two and on other talks."""
DECK_SEED = 20
WITHIN_MS = 1_000
ALIKE_MIN = 0.9
"""Two texts are of one slide when so much of them is the same."""


@dataclass(frozen=True)
class Reading:
    """What one side read of one page, and how long it took."""

    kind: str
    error_count: int
    character_count: int
    seconds: float


def measure() -> Iterator[Row | str]:
    """Yield the rows of pages, then those of the talk."""
    engine = load(ModelStore(ROOT / ".brickwork" / "models").get(MODEL).directory, {"threads": "1"})
    with tempfile.TemporaryDirectory() as name:
        yield from _page_rows(engine, Path(name))
        yield from _deck_rows(engine, drawn_by_lot(DECK_SEED), Path(name))


def _page_rows(engine: Engine, folder: Path) -> Iterator[Row | str]:
    program = shutil.which("tesseract")
    ours: list[Reading] = []
    theirs: list[Reading] = []
    for page in pages(TEXTS):
        path = save(page, folder)
        ours.append(_judged(page.kind, page.text, partial(_read, engine, path)))
        if program is not None:
            theirs.append(_judged(page.kind, page.text, partial(_tesseract, program, path)))
        yield f"the page that is {page.kind} was read"
    about = (
        f"{sum(one.character_count for one in ours):,} characters on {len(ours)} pages of A4 at "
        "150 dpi, Alice's Adventures in Wonderland (public domain) in Pillow's font; blanks count "
    )
    yield Row("CER of pages", _rate(ours), "%", None, about + _by_kind(ours))
    if program is None:
        absent = "Tesseract is not installed; Debian has it as tesseract-ocr"
        yield Row("CER of pages by Tesseract", None, "%", None, absent)
        return
    yield Row("CER of pages by Tesseract", _rate(theirs), "%", None, about + _by_kind(theirs))
    yield Row(
        "CER of pages less that of Tesseract",
        _rate(ours) - _rate(theirs),
        "points",
        at_most(0.0),
        f"{_rate(ours):.2f} less {_rate(theirs):.2f} %; {_version(program)}, one thread",
    )
    own_seconds, other_seconds = (sum(one.seconds for one in side) for side in (ours, theirs))
    count = len(ours)
    yield Row("seconds a page", own_seconds / count, "s", None, "one thread, the model loaded")
    yield Row(
        "seconds a page over those of Tesseract",
        own_seconds / other_seconds,
        "ratio",
        None,
        f"{own_seconds / count:.1f} over {other_seconds / count:.1f} s, which starts anew for each "
        "page; one thread each, page by page in turn",
    )


def _deck_rows(engine: Engine, deck: Deck, folder: Path) -> Iterator[Row | str]:
    path = write_deck(deck, folder / "talk.mp4")
    yield "the talk was drawn"
    events = list(engine.read_video(VideoRequest(path)))
    texts = [event for event in events if isinstance(event, TimedText)]
    end = events[-1]
    assert isinstance(end, VideoEnd)
    found = count_found(deck, texts)
    about = (
        f"{len(deck.slides)} slides in {end.duration_ms / 1000:.0f} s, 720p, a look every second; "
        f"fades of {deck.fade_ms} ms, a speaker that moves in a corner, a pointer"
    )
    yield Row(
        "F1 of the slides of a talk",
        2 * found / (len(deck.slides) + len(texts)),
        "",
        at_least(0.95),
        f"{found} slides found, {len(texts)} told; nine tenths of the text right, and the start to "
        f"{WITHIN_MS} ms; {about}",
    )
    yield Row(
        "frames read for a slide of a talk",
        end.read_count / len(deck.slides),
        "",
        at_most(1.3),
        f"{end.read_count} of {end.frame_count} frames; {about}",
    )


def count_found(deck: Deck, texts: list[TimedText]) -> int:
    """Return how many slides have a text of their own that says the same from the same time on."""
    left = list(texts)
    for slide in deck.slides:
        for text in left:
            is_near = abs(text.start_ms - slide.start_ms) <= WITHIN_MS
            alike = SequenceMatcher(None, _folded(text.text), _folded(slide.text), autojunk=False)
            if is_near and alike.ratio() >= ALIKE_MIN:
                left.remove(text)
                break
    return len(texts) - len(left)


def _judged(kind: str, truth: str, read: Callable[[], str]) -> Reading:
    began = time.monotonic()
    text = " ".join(read().split())
    seconds = time.monotonic() - began
    found = jiwer.process_characters(truth, text)
    errors = found.substitutions + found.deletions + found.insertions
    return Reading(kind, errors, len(truth), seconds)


def _read(engine: Engine, path: Path) -> str:
    *_, page = engine.read_document(DocumentRequest(path))
    assert isinstance(page, Page)
    return "\n".join(line.text for line in page.lines)


def _tesseract(program: str, path: Path) -> str:
    """Read a page with Tesseract's defaults; it may turn pages, as ours may."""
    command = [program, str(path), "stdout", "-l", "eng", "--psm", "1"]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return ran.stdout


def _version(program: str) -> str:
    ran = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return ran.stdout.splitlines()[0]


def _rate(readings: list[Reading]) -> float:
    errors = sum(one.error_count for one in readings)
    return 100 * errors / sum(one.character_count for one in readings)


def _by_kind(readings: list[Reading]) -> str:
    each = (f"{one.kind} {_rate([one]):.2f} %" for one in readings)
    return f"({', '.join(each)})"


def _folded(text: str) -> str:
    return "".join(text.casefold().split())
