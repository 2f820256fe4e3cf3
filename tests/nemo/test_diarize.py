"""The diarize engine on Sortformer, with a network that knows nothing."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from brickwork_diarize.engine import (
    DiarizeRequest,
    EmbedRequest,
    Progress,
    RecordingEnd,
    Turn,
)
from brickwork_sdk.errors import BrickworkError, Reason
from tests.nemo.conftest import SECONDS_MAX, Engines

pytestmark = [pytest.mark.nemo, pytest.mark.timeout(SECONDS_MAX)]

ENGINE = "brickwork_diarize.sortformer_engine"
FRAME_MS = 80


def test_piece_by_piece_it_hears_what_the_library_hears_in_the_whole(
    engines: Engines, models: Path, recording: Path
) -> None:
    ran = engines.run(ENGINE, models / "sortformer", "diarize", DiarizeRequest(recording))
    likely = np.array(json.loads((models / "sortformer" / "heard.json").read_text()))
    (end,) = ran.of(RecordingEnd)
    talked = np.zeros((len(likely), end.speaker_count), np.bool_)
    for turn in ran.of(Turn):
        first, last = turn.start_ms // FRAME_MS, -(-turn.end_ms // FRAME_MS)
        talked[first:last, int(turn.speaker[1:]) - 1] = True
    columns = (likely > 0.5)[:, (likely > 0.5).any(axis=0)]
    order = np.argsort([np.argmax(column) for column in columns.T], kind="stable")
    assert 2 <= end.speaker_count == columns.shape[1]
    sure = (np.abs(likely - 0.5) > 1e-3).all(axis=1)
    assert sure.mean() > 0.9
    assert (talked == columns[:, order])[sure].all()
    starts = [turn.start_ms for turn in ran.of(Turn)]
    assert starts == sorted(starts)
    assert ran.of(Turn)[0].speaker == "S1"
    told = ran.of(Progress)
    assert all(later.done_ms >= earlier.done_ms for earlier, later in pairwise(told))
    assert len(told) > 20, "a piece of two seconds each"
    assert ran.events[-1] is end


def test_no_more_speakers_come_back_than_there_can_be(
    engines: Engines, models: Path, recording: Path
) -> None:
    request = DiarizeRequest(recording, speaker_count_max=2)
    ran = engines.run(ENGINE, models / "sortformer", "diarize", request)
    assert {turn.speaker for turn in ran.of(Turn)} == {"S1", "S2"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"speaker_count_min": 5, "speaker_count_max": 5}, Reason.SPEAKER_COUNT_INVALID),
        ({"with_voices": True}, Reason.MODEL_CANNOT),
    ],
)
def test_what_the_model_cannot_do_is_refused(
    engines: Engines, models: Path, recording: Path, changes: dict[str, int], reason: Reason
) -> None:
    request = replace(DiarizeRequest(recording), **changes)  # type: ignore[arg-type]
    with pytest.raises(BrickworkError) as caught:
        engines.run(ENGINE, models / "sortformer", "diarize", request)
    assert caught.value.reason is reason


def test_it_describes_no_voice(engines: Engines, models: Path, recording: Path) -> None:
    with pytest.raises(BrickworkError) as caught:
        engines.run(ENGINE, models / "sortformer", "embed_speaker", EmbedRequest(recording))
    assert caught.value.reason is Reason.MODEL_CANNOT
