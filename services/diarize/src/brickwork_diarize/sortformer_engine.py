"""The diarize engine on NeMo: a Sortformer for streams, out of a `.nemo` file."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from brickwork_diarize.activity import find_runs
from brickwork_diarize.engine import (
    DiarizeEvent,
    DiarizeRequest,
    EmbedEvent,
    EmbedRequest,
    Progress,
    RecordingEnd,
    Turn,
)
from brickwork_diarize.sortformer_model import SortformerModel, talking
from brickwork_diarize.voices import Floats
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.libraries import check_torch
from brickwork_sdk.engine.placement import Placement
from brickwork_sdk.errors import InvalidInput, NotPossible, Reason
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, read_audio
from brickwork_sdk.media.probe import probe

_BLOCK_SECONDS = 15.0


class SortformerEngine:
    """Tells up to four speakers apart; a step hears one piece of about fifteen seconds."""

    def __init__(self, model_dir: Path, threads: int, place: Placement) -> None:
        self._model = SortformerModel(model_dir, threads, place.device)
        self._place = place

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return EngineDescription(
            self._model.library, self._place.precision, self._place.device_name
        )

    def diarize(self, request: DiarizeRequest) -> Iterator[DiarizeEvent]:
        """Yield progress, turns and one end; see `DiarizeEngine`.

        The kind of recording makes no difference to this model: it hears voices change, and
        compares none.

        Raises:
            InvalidInput: SPEAKER_COUNT_INVALID, more speakers than it can tell apart.
        """
        self._require_possible(request)
        return self._diarize(request)

    def embed_speaker(self, request: EmbedRequest) -> Iterator[EmbedEvent]:
        """Refuse: the model knows a speaker by the order of speaking, not by a voice.

        Raises:
            NotPossible: MODEL_CANNOT.
        """
        raise _no_voices()

    def close(self) -> None:
        """Have nothing to let go but memory."""

    def _require_possible(self, request: DiarizeRequest) -> None:
        most = self._model.speakers_max
        if request.speaker_count_min > most:
            raise InvalidInput(
                Reason.SPEAKER_COUNT_INVALID,
                f"This model tells at most {most} speakers apart; ask another one.",
                metadata={
                    "speaker_count": str(request.speaker_count_min),
                    "speaker_count_max": str(most),
                },
            )
        if request.with_voices:
            raise _no_voices()

    def _diarize(self, request: DiarizeRequest) -> Iterator[DiarizeEvent]:
        total_ms = probe(request.audio).duration_ms
        sample_count = 0

        def sound() -> Iterator[Floats]:
            nonlocal sample_count
            for block in read_audio(request.audio, block_seconds=_BLOCK_SECONDS):
                sample_count += block.samples.size
                yield block.samples

        most, frame_ms = self._model.speakers_max, self._model.frame_ms
        heard = [np.zeros((0, most), np.float16)]  # 0.4 MB an hour
        heard_ms = 0
        yield Progress(0, total_ms)
        for likely in self._model.listen(sound()):
            heard.append(likely.astype(np.float16))
            heard_ms += len(likely) * frame_ms
            yield Progress(min(heard_ms, total_ms), total_ms)
        duration_ms = sample_count * 1000 // SAMPLE_RATE_HZ
        active = talking(np.concatenate(heard), request.speaker_count_max or most)
        turns = _turns(active, frame_ms, duration_ms)
        yield from turns
        yield RecordingEnd(len({turn.speaker for turn in turns}), duration_ms)


def load(model_dir: Path, options: Mapping[str, str]) -> SortformerEngine:
    """Load the `.nemo` file in `model_dir`; options: threads, device, precision."""
    return SortformerEngine(model_dir, int(options.get("threads", "1")), check(options))


def check(options: Mapping[str, str]) -> Placement:
    """See that the model can compute as the options say; see `check_torch`."""
    return check_torch(torch.cuda, options)


def _turns(active: NDArray[np.bool_], frame_ms: int, duration_ms: int) -> list[Turn]:
    """Return turns in order of start, whose labels follow the first to speak."""
    spans = sorted(
        (first * frame_ms, min(end * frame_ms, duration_ms), speaker)
        for speaker, frames in enumerate(active.T)
        for first, end in find_runs(frames)
    )
    names: dict[int, str] = {}
    return [
        Turn(start_ms, end_ms, names.setdefault(speaker, f"S{len(names) + 1}"))
        for start_ms, end_ms, speaker in spans
        if start_ms < end_ms
    ]


def _no_voices() -> NotPossible:
    return NotPossible(
        Reason.MODEL_CANNOT,
        "This model tells speakers apart without describing their voices; ask another one.",
        metadata={"ability": "embed_speaker"},
    )
