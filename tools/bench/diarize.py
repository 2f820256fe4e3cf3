"""Who speaks when, beside the plain way: errors on meetings and on spliced speech; voice prints."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brickwork_diarize.engine import DiarizeRequest, Material, Turn
from brickwork_diarize.matching import SIMILARITY_MIN
from brickwork_diarize.onnx_engine import OnnxEngine, load
from brickwork_diarize.recording import diarize_blocks
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, AudioBlock
from brickwork_sdk.models import ModelStore
from tools.bench.diarization_error import DiarizationError, Talk, score
from tools.bench.meetings import Meeting, meetings
from tools.bench.plain import DEFAULT_MODELS
from tools.bench.plain_speakers import tell_apart
from tools.bench.row import Bound, Row, at_most
from tools.bench.spliced import Splice, splices
from tools.bench.voice_trials import samples, trials, voice_of
from tools.quality import ROOT

Floats = NDArray[np.float32]
Answer = Callable[[Floats], Sequence[Talk]]
Recording = Meeting | Splice

MODELS = ROOT / ".brickwork" / "models"
SPLICE_COUNT = 6
_BLOCK_SAMPLES = 15 * SAMPLE_RATE_HZ


def measure() -> Iterator[Row | str]:
    """Yield the rows; whatever the engine's values were chosen by is named in them."""
    engine = load(ModelStore(MODELS).get(DEFAULT_MODELS["diarize"]).directory, {"threads": "1"})
    talk, cut = list(meetings()), list(splices(SPLICE_COUNT))
    seen = [meeting for meeting in talk if meeting.is_tuned]
    unseen = [meeting for meeting in talk if not meeting.is_tuned]
    chosen = "values were chosen by these"
    meeting, edited = Material.MEETING, Material.EDITED
    yield from _errors(engine, "meetings", seen, meeting, chosen, at_most(0.75))
    checked = "values were checked on these and not chosen by them"
    yield from _errors(engine, "further meetings", unseen, meeting, checked, at_most(0.75))
    nothing = "nothing was chosen by these"
    yield from _errors(engine, "spliced readings", cut, edited, nothing, at_most(1.5))
    yield from _voices(engine)


@dataclass(frozen=True)
class Tally:
    """Errors over several recordings: of all their speech, and in words."""

    rate: float
    told: str


def tally(recordings: Sequence[Recording], answer: Answer) -> Tally:
    """Score the answers to recordings; long talk counts more than short."""
    errors = [
        score(one.truth, answer(one.samples), _duration_ms(one.samples)) for one in recordings
    ]

    def share(kind: Callable[[DiarizationError], int]) -> float:
        return sum(map(kind, errors)) / sum(error.speech_ms for error in errors)

    missed, invented = share(lambda one: one.missed_ms), share(lambda one: one.invented_ms)
    confused = share(lambda one: one.confused_ms)
    rate = missed + invented + confused
    told = f"{rate:.1%} ({missed:.1%} missed, {invented:.1%} invented, {confused:.1%} confused)"
    return Tally(rate, told)


def ours(engine: OnnxEngine, material: Material) -> Answer:
    """Return how the engine answers; the number of speakers is not told."""

    def answer(sound: Floats) -> list[Talk]:
        blocks = (
            AudioBlock(at * 1000 // SAMPLE_RATE_HZ, sound[at : at + _BLOCK_SAMPLES])
            for at in range(0, sound.size, _BLOCK_SAMPLES)
        )
        request = DiarizeRequest(Path("in memory"), material=material)
        return [
            Talk(event.start_ms, event.end_ms, event.speaker)
            for event in diarize_blocks(blocks, engine, _duration_ms(sound), request)
            if isinstance(event, Turn)
        ]

    return answer


def plain(engine: OnnxEngine) -> Answer:
    """Return how the plain way answers, with the engine's voice network."""
    return lambda sound: tell_apart(sound, engine.embed)


def _errors(
    engine: OnnxEngine,
    name: str,
    recordings: Sequence[Recording],
    material: Material,
    about: str,
    bound: Bound,
) -> Iterator[Row | str]:
    """Yield the errors of the engine, those of the plain way, and the one over the other."""
    own, other = tally(recordings, ours(engine, material)), tally(recordings, plain(engine))
    seconds = sum(_duration_ms(one.samples) for one in recordings) / 1000
    said = (
        f"{len(recordings)} recordings, {seconds:.0f} s, {about}; no collar, overlap counted, "
        f"speakers not given, material {material}"
    )
    yield Row(f"diarization error on {name}", 100 * own.rate, "%", None, f"{own.told}; {said}")
    yield Row(
        f"diarization error on {name} over that of plain windows with agglomerative clustering",
        own.rate / other.rate,
        "ratio",
        bound,
        f"{own.rate:.1%} over {other.told}; {said}",
    )
    yield f"heard: {name}"


def _voices(engine: OnnxEngine) -> Iterator[Row]:
    """Yield how often a voice is taken for another person's, and not taken for its own."""
    found = [(one, voice) for one in samples() if (voice := voice_of(one, engine)) is not None]
    for is_tuned, about in ((True, "chosen by these"), (False, "not chosen by these")):
        tried = trials([(one, voice) for one, voice in found if one.is_tuned is is_tuned])
        said = (
            f"{tried.person_count} people, samples of 4 to 8 s, pairs within one recording and "
            f"across; least similarity {SIMILARITY_MIN}, {about}"
        )
        rejected = tried.false_reject_rate(SIMILARITY_MIN)
        accepted = tried.false_accept_rate(SIMILARITY_MIN)
        kind = "chosen" if is_tuned else "further"
        yield Row(
            f"pairs of one person's voices taken for two people's, {kind}",
            100 * rejected,
            "%",
            None,
            f"of {tried.same.size} pairs; {said}",
        )
        yield Row(
            f"pairs of two people's voices taken for one person's, {kind}",
            100 * accepted,
            "%",
            None,
            f"of {tried.other.size} pairs; {said}",
        )


def _duration_ms(sound: Floats) -> int:
    return sound.size * 1000 // SAMPLE_RATE_HZ
