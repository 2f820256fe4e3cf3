"""Turn the tensors of a BERT encoder into a CTranslate2 model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import common_spec, transformer_spec

from brickwork_llm.safetensors_file import Tensors


def write_bert(
    tensors: Tensors, config: Mapping[str, Any], vocabulary: Sequence[str], directory: Path
) -> None:
    """Write `model.bin`, `config.json` and `vocabulary.json`, weights in int8.

    Source: tensor names of Hugging Face's BertModel; the layout is that of CTranslate2 4.8,
    `converters/transformers.py`, BertLoader.

    Args:
        tensors: of a BertModel, by their names.
        config: its sizes, in the words of `config.json`; the activation is "gelu", the positions
            are absolute.
        vocabulary: tokens in the order of their ids.
        directory: where the files are written; it exists.
    """
    encoder = transformer_spec.TransformerEncoderSpec(
        config["num_hidden_layers"],
        config["num_attention_heads"],
        pre_norm=False,
        activation=common_spec.Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=common_spec.EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    words, types = encoder.embeddings
    words.weight = tensors["embeddings.word_embeddings.weight"]
    types.weight = tensors["embeddings.token_type_embeddings.weight"]
    encoder.position_encodings.encodings = tensors["embeddings.position_embeddings.weight"]
    _norm(encoder.layernorm_embedding, tensors, "embeddings.LayerNorm")
    for index, layer in enumerate(encoder.layer):
        _fill(layer, tensors, f"encoder.layer.{index}.")

    specification = transformer_spec.TransformerEncoderModelSpec(encoder)
    specification.register_vocabulary(list(vocabulary))
    specification.config.unk_token = "[UNK]"
    specification.config.layer_norm_epsilon = config["layer_norm_eps"]
    specification.validate()
    specification.optimize("int8")
    specification.save(str(directory))


def _fill(
    layer: transformer_spec.TransformerEncoderLayerSpec, tensors: Tensors, prefix: str
) -> None:
    projected, merged = layer.self_attention.linear
    for kind in ("weight", "bias"):
        parts = [
            tensors[f"{prefix}attention.self.{one}.{kind}"] for one in ("query", "key", "value")
        ]
        setattr(projected, kind, np.concatenate(parts))
    _linear(merged, tensors, prefix + "attention.output.dense")
    _norm(layer.self_attention.layer_norm, tensors, prefix + "attention.output.LayerNorm")
    _linear(layer.ffn.linear_0, tensors, prefix + "intermediate.dense")
    _linear(layer.ffn.linear_1, tensors, prefix + "output.dense")
    _norm(layer.ffn.layer_norm, tensors, prefix + "output.LayerNorm")


def _linear(linear: common_spec.LinearSpec, tensors: Tensors, name: str) -> None:
    linear.weight, linear.bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]


def _norm(norm: common_spec.LayerNormSpec, tensors: Tensors, name: str) -> None:
    norm.gamma, norm.beta = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
