"""The asr engine on NeMo, with networks that know nothing: what is compared is the way of sound."""

import io
import json
import pickle
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from brickwork_asr.engine import (
    HearRequest,
    Hypothesis,
    Language,
    LanguageRequest,
    Progress,
    Segment,
    TranscribeRequest,
)
from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.media.audio import read_audio
from brickwork_sdk.nemo_archive import WEIGHTS
from tests.nemo.conftest import CLIPS, ROOT, SECONDS_MAX, Engines, Ran

pytestmark = [pytest.mark.nemo, pytest.mark.timeout(SECONDS_MAX)]

ENGINE = "brickwork_asr.nemo_engine"
SORTFORMER = "brickwork_diarize.sortformer_engine"
KINDS = ("ctc", "tdt")
FLOOR_BYTES, CEILING_BYTES = 2**40, 2**41
"""More than there is, so that only the share between the two counts."""
SIZES = {
    "budget_bytes": str(CEILING_BYTES),
    "footprint_bytes": str(FLOOR_BYTES),
    "ceiling_bytes": str(CEILING_BYTES),
}
OPTIONS = {"ctc": {"languages": "de", **SIZES}, "tdt": {"languages": "en,de", **SIZES}}
"""The first one knows one language, which it need not be told."""
LANGUAGE = {"ctc": None, "tdt": "de"}


def words_of(ran: Ran) -> list[tuple[str, int, int]]:
    return [
        (word.text, word.start_ms, word.end_ms)
        for segment in ran.of(Segment)
        for word in segment.words
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_engine_hears_what_the_library_hears_in_each_clip(
    engines: Engines, models: Path, recording: Path, kind: str
) -> None:
    request = TranscribeRequest(recording, LANGUAGE[kind])
    ran = engines.run(ENGINE, models / kind, "transcribe", request, **OPTIONS[kind])
    expected = json.loads((models / kind / "heard.json").read_text())
    heard = words_of(ran)
    assert [text for text, _, _ in heard] == [
        text for clip in expected for text, _, _ in clip if text
    ]
    assert len(heard) >= 4
    first = [(start, end) for text, start, end in expected[0] if text][:-1]
    shift = heard[0][1] - first[0][0]
    assert [(start - shift, end - shift) for _, start, end in heard[: len(first)]] == first
    assert heard == sorted(heard, key=lambda word: word[1])
    assert {segment.language for segment in ran.of(Segment)} == {"de"}
    told = [word.confidence for one in ran.of(Segment) for word in one.words]
    assert all(each is not None and 0 <= each <= 1 for each in told)
    assert (ran.description.precision, ran.description.device) == ("float32", "cpu")
    last = ran.events[-1]
    assert isinstance(last, Progress)
    assert last.done_ms == last.total_ms


@pytest.mark.parametrize("kind", KINDS)
def test_less_memory_hears_the_same_words(
    engines: Engines, models: Path, recording: Path, kind: str
) -> None:
    request = TranscribeRequest(recording, LANGUAGE[kind])
    order = (ENGINE, models / kind, "transcribe", request)
    large = engines.run(*order, **OPTIONS[kind])
    engines.set_budget(ENGINE, models / kind, FLOOR_BYTES, **OPTIONS[kind])
    small = engines.run(*order, **OPTIONS[kind])
    assert words_of(small) == words_of(large)


def test_what_came_before_the_start_is_not_heard_again(
    engines: Engines, models: Path, recording: Path
) -> None:
    request = TranscribeRequest(recording, start_ms=60_000)
    ran = engines.run(ENGINE, models / "ctc", "transcribe", request, **OPTIONS["ctc"])
    assert ran.of(Segment)
    assert ran.of(Segment)[0].start_ms >= 60_000


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("transcribe", Reason.LANGUAGE_UNKNOWN),
        ("detect_language", Reason.MODEL_CANNOT),
    ],
)
def test_it_does_not_guess_a_language(
    engines: Engines, models: Path, recording: Path, method: str, reason: Reason
) -> None:
    kind = TranscribeRequest if method == "transcribe" else LanguageRequest
    with pytest.raises(BrickworkError) as caught:
        engines.run(ENGINE, models / "tdt", method, kind(recording), **OPTIONS["tdt"])
    assert caught.value.reason is reason


def test_live_sound_is_heard_after_the_words_that_are_known(
    engines: Engines, models: Path, recording: Path
) -> None:
    order = (ENGINE, models / "ctc", "hear")
    (block,) = read_audio(CLIPS / "austen-2.flac", block_seconds=60.0)
    sound = HearRequest(block.samples.tobytes(), "pcm_f32le", 16_000, start_ms=5_000)
    (whole,) = engines.run(*order, sound, **OPTIONS["ctc"]).of(Hypothesis)
    assert len(whole.words) >= 4
    assert whole.language == Language("de", 1.0)
    assert all(5_000 <= word.start_ms <= word.end_ms <= 8_000 for word in whole.words)
    # From here on the sound begins where it is held, and no longer where speech does.
    held = replace(sound, said=whole.words[0].text)
    (rest,) = engines.run(*order, held, **OPTIONS["ctc"]).of(Hypothesis)
    assert rest.words
    nothing = replace(sound, sound=bytes(64_000))
    (silent,) = engines.run(*order, nothing, **OPTIONS["ctc"]).of(Hypothesis)
    assert silent == Hypothesis((), None, None)


class Evil:
    """Calls something as it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)


def evil_copy(model: Path, mark: Path) -> None:
    """Write a copy of a model beside its mark, which touches that when it is unpickled."""
    content = pickle.dumps({"weight": Evil(mark)})
    with (
        tarfile.open(model) as good,
        tarfile.open(mark.parent / "model.nemo", "w:") as bad,
    ):
        for member in good:
            data = good.extractfile(member)
            if member.name.endswith(WEIGHTS):
                member.size, data = len(content), io.BytesIO(content)
            bad.addfile(member, data)


def test_what_is_no_model_of_its_kind_is_refused_and_not_unpickled(
    models: Path, tmp_path: Path
) -> None:
    good = models / "ctc" / "model.nemo"
    places = {name: tmp_path / name for name in ("evil", "damaged")}
    for place in places.values():
        place.mkdir()
    mark = places["evil"] / "touched"
    evil_copy(good, mark)
    (places["damaged"] / "model.nemo").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    tried = [
        (ENGINE, models / "sortformer", "holds a SortformerEncLabelModel"),
        (ENGINE, places["evil"], "more than numbers"),
        (ENGINE, places["damaged"], "cannot be read"),
        (SORTFORMER, models / "offline", "as a whole only"),
        (SORTFORMER, models / "ctc", "holds a EncDecCTCModelBPE"),
    ]
    words = [str(word) for engine, place, _ in tried for word in (engine, place)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.nemo.refusals", *words],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout.splitlines()[-1])
    assert [reason for reason, _ in told] == [Reason.MODEL_UNREADABLE.value] * len(tried)
    for (_, message), (_, _, expected) in zip(told, tried, strict=True):
        assert expected in message
    assert not mark.exists()
