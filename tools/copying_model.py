"""Make a model in the layout of OPUS-MT that says what it is told, at the cost of a real one.

Its layers hold weights of chance, so faint that they cost time and change little. The decoder's
last look at the source is made by hand: from its own place at the token in the same place, which
it then says. So a translation ends where its source does, as a real one about does, while a model
of nothing but chance never ends and is cut off.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ctranslate2.specs import (
    Activation,
    attention_spec,
    common_spec,
    model_spec,
    transformer_spec,
)

from tools.chance_model import (
    END,
    UNKNOWN,
    Matrix,
    fill_layer,
    matrix,
    own_pieces,
    set_linear,
    train_pieces,
)

_FAINT = 0.03
"""How much layers of chance add, against what goes through them."""
_SHARP, _LOUD = 4.0, 4.0
"""How much the same place draws the look, and how much what is seen there counts."""
_PLACES = 512


@dataclass(frozen=True)
class Shape:
    """How large a model is; by default as those of OPUS-MT.

    Source: config.json of Helsinki-NLP/opus-mt-en-de.

    Attributes:
        layers: of the encoder, and of the decoder.
        width: of a layer; the inner one of its network is four times as wide.
        heads: of each attention.
        vocabulary: of tokens, of which the texts use the first few.
    """

    layers: int = 6
    width: int = 512
    heads: int = 8
    vocabulary: int = 58_101


def write_copying(folder: Path, texts: Sequence[str], pieces: int, shape: Shape) -> None:
    """Write the model, with so many pieces that are made for the texts."""
    for side in ("source", "target"):
        own = own_pieces(train_pieces(folder / f"{side}.spm", texts, pieces))
    unused = [f"<{number}>" for number in range(shape.vocabulary - len(own) - 3)]
    words = [END, UNKNOWN, *own, *unused, "<pad>"]
    spec = transformer_spec.TransformerSpec.from_config(
        (shape.layers, shape.layers),
        num_heads=shape.heads,
        pre_norm=False,
        activation=Activation.SWISH,
    )
    chance = np.random.default_rng(7)
    told, said = (_tokens(chance, shape) for _ in range(2))
    spec.encoder.embeddings[0].weight, spec.decoder.embeddings.weight = told, said
    set_linear(spec.decoder.projection, told)
    for side in (spec.encoder, spec.decoder):
        side.scale_embeddings = True
        side.position_encodings.encodings = _places(shape)
        for layer in side.layer:
            fill_layer(layer, chance, shape.width)
            for linear in _last_of(layer):
                linear.weight *= _FAINT
    _look(spec.decoder.layer[-1].attention, shape)
    spec.register_source_vocabulary(words)
    spec.register_target_vocabulary(words)
    spec.config.decoder_start_token = "<pad>"
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))


def _last_of(layer: model_spec.LayerSpec) -> Iterator[common_spec.LinearSpec]:
    """Yield the last matrix of each of its parts, whose outcome is added to what went in."""
    yield layer.self_attention.linear[-1]
    if hasattr(layer, "attention"):
        yield layer.attention.linear[-1]
    yield layer.ffn.linear_1


def _tokens(chance: np.random.Generator, shape: Shape) -> Matrix:
    """Make embeddings that leave the first numbers, as many as a head reads, to the places."""
    tokens = matrix(chance, shape.vocabulary, shape.width)
    tokens[:, : shape.width // shape.heads] = 0.0
    return tokens


def _places(shape: Shape) -> Matrix:
    """Make encodings of places; each is at right angles to those less than `count * 2` away."""
    count = shape.width // shape.heads // 2
    turns = np.outer(np.arange(_PLACES), np.pi * (np.arange(count) + 0.5) / count)
    places = np.zeros((_PLACES, shape.width), np.float32)
    places[:, : 2 * count] = np.hstack([np.sin(turns), np.cos(turns)])
    return places


def _look(attention: attention_spec.MultiHeadAttentionSpec, shape: Shape) -> None:
    """Have every head look at its own place, and hand on all that is there."""
    every = np.eye(shape.width, dtype=np.float32)
    place = _SHARP * np.tile(every[: shape.width // shape.heads], (shape.heads, 1))
    weights = place, np.vstack([place, every]), _LOUD * every
    for linear, weight in zip(attention.linear, weights, strict=True):
        set_linear(linear, weight)
