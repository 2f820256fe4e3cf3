from pathlib import Path

import numpy as np
import pytest

from brickwork_diarize.engine import Span
from brickwork_diarize.spans import read_spans, too_short
from brickwork_sdk.errors import Reason
from brickwork_sdk.testing.recordings import write_recording


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Ten seconds in which each sample says its second."""
    samples = np.repeat(np.arange(10) / 16, 16_000).astype(np.float32)
    return write_recording(tmp_path / "steps.flac", samples)


def test_only_what_lies_in_the_spans_is_read(path: Path) -> None:
    blocks = list(read_spans(path, (Span(500, 2_500), Span(7_000, 8_000)), block_seconds=1.5))
    assert [(block.start_ms, block.samples.size) for block in blocks] == [
        (500, 24_000),
        (2_000, 8_000),
        (7_000, 16_000),
    ]
    assert np.unique(np.round(blocks[-1].samples * 16)).tolist() == [7.0]


def test_without_spans_all_of_it_is_read(path: Path) -> None:
    blocks = read_spans(path, (), block_seconds=4.0)
    assert sum(block.samples.size for block in blocks) == 160_000


def test_a_span_beyond_the_end_holds_nothing(path: Path) -> None:
    assert list(read_spans(path, (Span(36_000_000, 36_001_000),), block_seconds=4.0)) == []


def test_silence_and_too_little_speech_are_told_apart() -> None:
    assert too_short(0).reason is Reason.NO_SPEECH
    assert too_short(900).reason is Reason.SPEECH_TOO_SHORT
    assert too_short(900).metadata == {"speech_ms": "900", "speech_ms_min": "3000"}
