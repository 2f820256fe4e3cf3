"""Make translation models for CTranslate2 of any size, with weights of chance.

They say nonsense, always the same one, at the cost of a real model of their size; so layouts can be
tested, and batches be timed, where no model of the family may be had.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import sentencepiece
from ctranslate2.specs import (
    attention_spec,
    common_spec,
    model_spec,
    transformer_spec,
)

END, START, UNKNOWN = "</s>", "<s>", "<unk>"


def train_pieces(path: Path, texts: Sequence[str], size: int) -> list[str]:
    """Train a SentencePiece model on texts; return its pieces."""
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=made,
        vocab_size=size,
        hard_vocab_limit=False,
        minloglevel=2,
        num_threads=1,
    )
    path.write_bytes(made.getvalue())
    pieces = sentencepiece.SentencePieceProcessor(model_proto=made.getvalue())
    return [pieces.id_to_piece(number) for number in range(pieces.get_piece_size())]


def write_opus(folder: Path, texts: Sequence[str], size: int = 120, **shape: int) -> None:
    """Write a model in the layout of OPUS-MT: two vocabularies, one direction."""
    sides = [train_pieces(folder / f"{side}.spm", texts, size) for side in ("source", "target")]
    source, target = ([END, UNKNOWN, *_own(pieces)] for pieces in sides)
    _write(folder, source, [*target, "<pad>"], {"decoder_start_token": "<pad>"}, **shape)


def write_nllb(folder: Path, texts: Sequence[str], codes: Sequence[str], **shape: int) -> None:
    """Write a model in the layout of NLLB; codes such as eng_Latn."""
    pieces = train_pieces(folder / "sentencepiece.bpe.model", texts, 120)
    words = [START, "<pad>", END, UNKNOWN, *_own(pieces), *codes]
    _write(folder, words, words, {"decoder_start_token": END}, **shape)


def write_m2m(folder: Path, texts: Sequence[str], codes: Sequence[str], **shape: int) -> None:
    """Write a model in the layout of M2M100; codes such as en."""
    pieces = train_pieces(folder / "sentencepiece.bpe.model", texts, 120)
    words = [START, "<pad>", END, UNKNOWN, *_own(pieces), *(f"__{code}__" for code in codes)]
    _write(folder, words, words, {"decoder_start_token": END}, **shape)


def _own(pieces: Sequence[str]) -> list[str]:
    return [piece for piece in pieces if piece not in (START, END, UNKNOWN)]


def _write(
    folder: Path,
    source: Sequence[str],
    target: Sequence[str],
    config: Mapping[str, str],
    *,
    layers: int = 1,
    width: int = 16,
) -> None:
    chance = np.random.default_rng(7)
    spec = transformer_spec.TransformerSpec.from_config(
        (layers, layers), num_heads=2, pre_norm=False
    )
    sizes = {"encoder": len(source), "decoder": len(target)}
    for name, side in (("encoder", spec.encoder), ("decoder", spec.decoder)):
        embeddings = side.embeddings[0] if isinstance(side.embeddings, list) else side.embeddings
        embeddings.weight = _matrix(chance, sizes[name], width)
        side.scale_embeddings = True
        for layer in side.layer:
            _fill(layer, chance, width)
    _linear(spec.decoder.projection, chance, len(target), width)
    spec.register_source_vocabulary(list(source))
    spec.register_target_vocabulary(list(target))
    for key, value in config.items():
        setattr(spec.config, key, value)
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))


def _fill(layer: model_spec.LayerSpec, chance: np.random.Generator, width: int) -> None:
    """Fill a layer; attention to the other side has a query apart from keys and values."""
    heights_of: dict[attention_spec.MultiHeadAttentionSpec, tuple[int, ...]] = {}
    heights_of[layer.self_attention] = (3 * width, width)
    if hasattr(layer, "attention"):
        heights_of[layer.attention] = (width, 2 * width, width)
    for attention, heights in heights_of.items():
        for linear, height in zip(attention.linear, heights, strict=True):
            _linear(linear, chance, height, width)
        _norm(attention.layer_norm, width)
    _linear(layer.ffn.linear_0, chance, 4 * width, width)
    _linear(layer.ffn.linear_1, chance, width, 4 * width)
    _norm(layer.ffn.layer_norm, width)


def _linear(
    linear: common_spec.LinearSpec, chance: np.random.Generator, height: int, width: int
) -> None:
    linear.weight = _matrix(chance, height, width)
    linear.bias = np.zeros(height, np.float32)


def _norm(norm: common_spec.LayerNormSpec, width: int) -> None:
    norm.gamma = np.ones(width, np.float32)
    norm.beta = np.zeros(width, np.float32)


def _matrix(chance: np.random.Generator, height: int, width: int) -> np.ndarray:
    return chance.normal(0.0, width**-0.5, (height, width)).astype(np.float32)
