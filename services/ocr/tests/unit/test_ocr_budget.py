"""Less memory is fewer lines side by side and the same text."""

from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from brickwork_ocr.engine import DocumentRequest, Line, Page, PageProgress
from brickwork_ocr.scripted_engine import load
from brickwork_sdk.engine import EngineProcess
from brickwork_sdk.models import CatalogueEntry, ModelStore, load_catalogue
from brickwork_sdk.processes import memory_sizes

MODELS = Path(__file__).parents[4] / ".brickwork" / "models"
LOAD_SECONDS = 120.0


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Eight lines of one length, so that four of them together take as much as ever."""
    image = Image.new("RGB", (1280, 720), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(28)
    for row in range(8):
        words = f"{row + 1} of eight lines, all of them as long as the others are here"
        pen.text((40, 20 + row * 56), words, font=font, fill="black")
    path = tmp_path / "page.png"
    image.save(path)
    return path


@pytest.mark.models
async def test_less_memory_reads_the_same_text(page: Path) -> None:
    [entry] = load_catalogue("brickwork_ocr")
    assert entry.ceiling_bytes is not None
    full, full_bytes = await _read(entry, page, [entry.ceiling_bytes])
    small, small_bytes = await _read(entry, page, [entry.footprint_bytes])
    shrunk, _ = await _read(entry, page, [entry.ceiling_bytes, entry.footprint_bytes])
    assert [line.text[-4:] for line in full] == ["here"] * 8
    assert small == full
    assert shrunk == full
    assert small_bytes < full_bytes


@pytest.mark.parametrize(("granted_bytes", "steps"), [(100, 4), (150, 2), (200, 1)])
def test_the_scripted_engine_shows_how_much_it_does_at_once(
    tmp_path: Path, granted_bytes: int, steps: int
) -> None:
    path = tmp_path / "grey.png"
    Image.fromarray(np.full((40, 60, 3), 100, np.uint8)).save(path)
    about = {"footprint_bytes": 100, "ceiling_bytes": 200, "budget_bytes": granted_bytes}
    engine = load(tmp_path, {name: str(value) for name, value in about.items()})
    assert len(list(engine.read_document(DocumentRequest(path)))) == steps + 1
    engine.set_budget(100)
    assert len(list(engine.read_document(DocumentRequest(path)))) == 4 + 1


def _forget_peak(pid: int) -> None:
    """Begin anew with the peak of a process. Source: proc(5), /proc/[pid]/clear_refs."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


async def _read(
    entry: CatalogueEntry, page: Path, budgets: Sequence[int]
) -> tuple[tuple[Line, ...], int]:
    """Read a page in a process of its own, with the next budget from each line on.

    Returns:
        Its lines, and the most memory that reading took once they had been found.
    """
    options = {
        "threads": "4",
        "budget_bytes": str(budgets[0]),
        "footprint_bytes": str(entry.footprint_bytes),
        "ceiling_bytes": str(entry.ceiling_bytes),
    }
    directory = ModelStore(MODELS).get(entry.name).directory
    process = await EngineProcess.spawn(entry.engine, directory, options)
    found: list[Page] = []
    later = iter(budgets[1:])
    try:
        await process.loaded(LOAD_SECONDS)
        events = process.stream("read_document", DocumentRequest(page), (Page, PageProgress))
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Page):
                    found.append(event)
                elif event == PageProgress(0):
                    _forget_peak(process.identity.pid)
                elif (budget_bytes := next(later, None)) is not None:
                    await process.set_budget(budget_bytes)
        peak_bytes = memory_sizes(process.identity.pid)["VmHWM"]
    finally:
        await process.stop()
    [read] = found
    return read.lines, peak_bytes
