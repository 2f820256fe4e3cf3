"""Make tiny translation models for CTranslate2, with weights of chance.

They say nonsense, always the same one; so layouts can be tested where no model of the family may be
had.
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
_WIDTH = 16

Matrix = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


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


def write_opus(folder: Path, texts: Sequence[str]) -> None:
    """Write a model in the layout of OPUS-MT: two vocabularies, one direction."""
    sides = [train_pieces(folder / f"{side}.spm", texts, 120) for side in ("source", "target")]
    source, target = ([END, UNKNOWN, *own_pieces(pieces)] for pieces in sides)
    _write(folder, source, [*target, "<pad>"], {"decoder_start_token": "<pad>"})


def write_nllb(folder: Path, texts: Sequence[str], codes: Sequence[str]) -> None:
    """Write a model in the layout of NLLB; codes such as eng_Latn."""
    pieces = train_pieces(folder / "sentencepiece.bpe.model", texts, 120)
    words = [START, "<pad>", END, UNKNOWN, *own_pieces(pieces), *codes]
    _write(folder, words, words, {"decoder_start_token": END})


def write_m2m(folder: Path, texts: Sequence[str], codes: Sequence[str]) -> None:
    """Write a model in the layout of M2M100; codes such as en."""
    pieces = train_pieces(folder / "sentencepiece.bpe.model", texts, 120)
    words = [START, "<pad>", END, UNKNOWN, *own_pieces(pieces), *(f"__{code}__" for code in codes)]
    _write(folder, words, words, {"decoder_start_token": END})


def own_pieces(pieces: Sequence[str]) -> list[str]:
    """Leave out the pieces for which every model has a place of its own."""
    return [piece for piece in pieces if piece not in (START, END, UNKNOWN)]


def _write(
    folder: Path,
    source: Sequence[str],
    target: Sequence[str],
    config: Mapping[str, str],
) -> None:
    chance = np.random.default_rng(7)
    spec = transformer_spec.TransformerSpec.from_config((1, 1), num_heads=2, pre_norm=False)
    sizes = {"encoder": len(source), "decoder": len(target)}
    for name, side in (("encoder", spec.encoder), ("decoder", spec.decoder)):
        embeddings = side.embeddings[0] if isinstance(side.embeddings, list) else side.embeddings
        embeddings.weight = matrix(chance, sizes[name], _WIDTH)
        side.scale_embeddings = True
        for layer in side.layer:
            fill_layer(layer, chance, _WIDTH)
    set_linear(spec.decoder.projection, matrix(chance, len(target), _WIDTH))
    spec.register_source_vocabulary(list(source))
    spec.register_target_vocabulary(list(target))
    for key, value in config.items():
        setattr(spec.config, key, value)
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))


def fill_layer(layer: model_spec.LayerSpec, chance: np.random.Generator, width: int) -> None:
    """Fill a layer; attention to the other side has a query apart from keys and values."""
    heights_of: dict[attention_spec.MultiHeadAttentionSpec, tuple[int, ...]] = {}
    heights_of[layer.self_attention] = (3 * width, width)
    if hasattr(layer, "attention"):
        heights_of[layer.attention] = (width, 2 * width, width)
    for attention, heights in heights_of.items():
        for linear, height in zip(attention.linear, heights, strict=True):
            set_linear(linear, matrix(chance, height, width))
        _norm(attention.layer_norm, width)
    set_linear(layer.ffn.linear_0, matrix(chance, 4 * width, width))
    set_linear(layer.ffn.linear_1, matrix(chance, width, 4 * width))
    _norm(layer.ffn.layer_norm, width)


def set_linear(linear: common_spec.LinearSpec, weight: Matrix) -> None:
    """Give a layer its weights, and a bias of nothing."""
    linear.weight = weight
    linear.bias = np.zeros(len(weight), np.float32)


def _norm(norm: common_spec.LayerNormSpec, width: int) -> None:
    norm.gamma = np.ones(width, np.float32)
    norm.beta = np.zeros(width, np.float32)


def matrix(chance: np.random.Generator, height: int, width: int) -> Matrix:
    """Return numbers of chance, such that what goes through them keeps its size."""
    return chance.standard_normal((height, width), np.float32) * np.float32(width**-0.5)
