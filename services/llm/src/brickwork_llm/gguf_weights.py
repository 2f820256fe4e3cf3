"""Turn the tensors of a Llama-like GGUF file into a CTranslate2 model."""

from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy as np
from ctranslate2.specs import common_spec, transformer_spec
from numpy.typing import NDArray

from brickwork_llm.gguf_metadata import number, text, texts

Tensors = Mapping[str, NDArray[np.float32]]


def write_weights(reader: gguf.GGUFReader, directory: Path) -> None:
    """Write `model.bin`, `config.json` and `vocabulary.json`, weights in int8.

    The weights are dequantised to float32 and quantised again to int8 with one scale per output
    row. Every step is an elementwise operation of IEEE arithmetic or a maximum, so that the
    bytes do not depend on the machine.

    Source: tensor names and layouts of the GGUF specification, architecture "llama"; row-wise
    int8 as in CTranslate2 4.8, `ModelSpec.optimize`.

    Args:
        reader: the open GGUF file; its architecture is "llama", its output layer is tied to its
            embeddings.
        directory: where the files are written; it exists.
    """
    tensors = {
        tensor.name: np.array(
            gguf.quants.dequantize(tensor.data, tensor.tensor_type), dtype=np.float32
        )
        for tensor in reader.tensors
    }
    specification = _declare(reader)
    decoder = specification.decoder
    decoder.scale_embeddings = False
    decoder.embeddings.weight = tensors["token_embd.weight"]
    decoder.projection.weight = tensors["token_embd.weight"]
    decoder.layer_norm.gamma = tensors["output_norm.weight"]
    for index, layer in enumerate(decoder.layer):
        _fill(layer, tensors, f"blk.{index}.")

    vocabulary = texts(reader, "tokenizer.ggml.tokens")
    specification.register_vocabulary(vocabulary)
    config = specification.config
    config.bos_token = vocabulary[number(reader, "tokenizer.ggml.bos_token_id")]
    config.eos_token = vocabulary[number(reader, "tokenizer.ggml.eos_token_id")]
    config.unk_token = vocabulary[number(reader, "tokenizer.ggml.unknown_token_id")]
    # The file holds a float32; seven digits give back the number that its author meant.
    epsilon = number(reader, "llama.attention.layer_norm_rms_epsilon")
    config.layer_norm_epsilon = float(f"{epsilon:.7g}")
    specification.validate()
    specification.optimize("int8")
    specification.save(str(directory))


def _declare(reader: gguf.GGUFReader) -> transformer_spec.TransformerDecoderModelSpec:
    if text(reader, "general.architecture") != "llama":
        raise ValueError("only GGUF files of the llama architecture can be converted")
    return transformer_spec.TransformerDecoderModelSpec.from_config(
        number(reader, "llama.block_count"),
        number(reader, "llama.attention.head_count"),
        num_heads_kv=number(reader, "llama.attention.head_count_kv"),
        pre_norm=True,
        rms_norm=True,
        activation=common_spec.Activation.SWISH,
        ffn_glu=True,
        rotary_dim=number(reader, "llama.rope.dimension_count"),
        # GGUF stores the rows of Q and K so that the two halves of a rotated pair are neighbours.
        rotary_interleave=True,
        rotary_base=number(reader, "llama.rope.freq_base"),
    )


def _fill(
    layer: transformer_spec.TransformerDecoderLayerSpec, tensors: Tensors, prefix: str
) -> None:
    attention = layer.self_attention
    attention.layer_norm.gamma = tensors[prefix + "attn_norm.weight"]
    attention.linear[0].weight = np.concatenate(
        [tensors[f"{prefix}attn_{name}.weight"] for name in "qkv"]
    )
    attention.linear[1].weight = tensors[prefix + "attn_output.weight"]
    layer.ffn.layer_norm.gamma = tensors[prefix + "ffn_norm.weight"]
    layer.ffn.linear_0.weight = tensors[prefix + "ffn_gate.weight"]
    layer.ffn.linear_0_noact.weight = tensors[prefix + "ffn_up.weight"]
    layer.ffn.linear_1.weight = tensors[prefix + "ffn_down.weight"]
