"""The engine for vectors, on CTranslate2: a small encoder of sentences."""

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

import ctranslate2
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from brickwork_llm.engine import Embedder, Embedding, EmbedEvent, EmbedRequest, EmbedUsage
from brickwork_llm.model_files import reading
from brickwork_llm.text_length import check_lengths
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.libraries import check_ctranslate2
from brickwork_sdk.engine.placement import Placement

BATCH_TOKENS_MAX = 512
"""Of one step: 0.2 s on one slow core, so that a call can be cancelled and others are served."""


class EmbeddingEngine(Embedder):
    """Reads texts of one length side by side, and averages what became of their tokens.

    Nothing is filled up, so that a vector is the same to the bit whoever is read beside it: in
    int8 the last digit of a sum would decide some roundings.
    """

    def __init__(self, model_dir: Path, threads: int, place: Placement) -> None:
        limits = json.loads((model_dir / "limits.json").read_text("utf-8"))
        self._token_count_max: int = limits["token_count_max"]
        self._tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
        # The file of the tokenizer cuts off and fills up in silence.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._encoder: ctranslate2.Encoder | None = ctranslate2.Encoder(
            str(model_dir),
            device=place.device,
            compute_type=place.precision,
            intra_threads=threads,
        )
        self._description = EngineDescription(
            f"ctranslate2 {version('ctranslate2')}",
            str(self._encoder.compute_type),
            place.device_name,
        )

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return self._description

    def close(self) -> None:
        """Let go of the model."""
        self._encoder = None

    def embed(self, request: EmbedRequest) -> Generator[EmbedEvent, None, None]:
        """Yield the vectors, those of the shortest texts first, then the usage."""
        # One by one: together they would take threads and memory that nobody granted.
        ids = [self._tokenizer.encode(text).ids for text in request.texts]
        counts, most = [len(one) for one in ids], self._token_count_max
        check_lengths(counts, most, is_truncating=request.is_truncating)
        # The end mark stays at the end of what is cut off.
        read = [one if len(one) <= most else [*one[: most - 1], one[-1]] for one in ids]
        for batch in _batches([len(one) for one in read]):
            vectors = self._vectors([read[index] for index in batch])
            for index, vector in zip(batch, vectors.tolist(), strict=True):
                yield Embedding(index, tuple(vector), counts[index], counts[index] > most)
        yield EmbedUsage(sum(map(len, read)), most)

    def _vectors(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return float32 [texts, width], each row of length 1: the mean over its tokens.

        Args:
            ids: of the tokens of texts that are all equally long.
        """
        assert self._encoder is not None, "embed after close"
        hidden = self._encoder.forward_batch([list(one) for one in ids]).last_hidden_state
        if hidden.device != "cpu":
            hidden = hidden.to_device(ctranslate2.Device.cpu)
        states = np.array(hidden, np.float32)
        means = states.mean(axis=1)
        unit: NDArray[np.float32] = means / np.linalg.norm(means, axis=1, keepdims=True)
        return unit


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the indexes of texts that are read together, shortest first."""
    ordered = sorted(range(len(lengths)), key=lengths.__getitem__)
    for length, group in groupby(ordered, key=lengths.__getitem__):
        indexes, size = list(group), max(1, BATCH_TOKENS_MAX // length)
        for first in range(0, len(indexes), size):
            yield indexes[first : first + size]


def load(model_dir: Path, options: Mapping[str, str]) -> EmbeddingEngine:
    """Load a model that `build_embedder` wrote.

    Args:
        model_dir: CTranslate2 files, `tokenizer.json` and `limits.json`.
        options: `threads`, how many processor threads a step uses, 1 unless given; `device` and
            `precision`.

    Raises:
        NotPossible: MODEL_UNREADABLE, a file is missing or damaged; or as `check`.
    """
    threads, place = int(options.get("threads", "1")), check(options)
    with reading(model_dir, "model for vectors"):
        return EmbeddingEngine(model_dir, threads, place)


def check(options: Mapping[str, str]) -> Placement:
    """See that a model can compute as the options say; see `check_ctranslate2`."""
    return check_ctranslate2(ctranslate2, options)
