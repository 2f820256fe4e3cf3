"""A tiny language model with random weights, in the form in which real ones arrive."""

from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy as np
import pytest
from numpy.typing import NDArray

from brickwork_llm.conversation import ConversationForm
from brickwork_llm.gguf_vocabulary import write_tokenizer
from brickwork_llm.gguf_weights import write_weights

CONTROL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CONTEXT_TOKEN_COUNT = 8_192
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}<|im_start|>assistant\n"
)
"""As that of SmolLM2, without its instruction."""
LAYERS, HEADS, HEADS_KV, WIDTH, HIDDEN = 2, 4, 2, 32, 64


def alphabet() -> list[str]:
    """Return how GPT-2 writes the 256 bytes as visible characters.

    Source: openai/gpt-2, `encoder.py`, bytes_to_unicode.
    """
    visible = {*range(33, 127), *range(161, 173), *range(174, 256)}
    hidden = [byte for byte in range(256) if byte not in visible]
    return [chr(byte) if byte in visible else chr(256 + hidden.index(byte)) for byte in range(256)]


@pytest.fixture(scope="session")
def tiny_weights() -> Mapping[str, NDArray[np.float32]]:
    random = np.random.default_rng(7)
    head = WIDTH // HEADS
    shapes = {"token_embd": (len(CONTROL_TOKENS) + 258, WIDTH)}
    for layer in range(LAYERS):
        shapes |= {
            f"blk.{layer}.attn_q": (WIDTH, WIDTH),
            f"blk.{layer}.attn_k": (HEADS_KV * head, WIDTH),
            f"blk.{layer}.attn_v": (HEADS_KV * head, WIDTH),
            f"blk.{layer}.attn_output": (WIDTH, WIDTH),
            f"blk.{layer}.ffn_gate": (HIDDEN, WIDTH),
            f"blk.{layer}.ffn_up": (HIDDEN, WIDTH),
            f"blk.{layer}.ffn_down": (WIDTH, HIDDEN),
        }
    weights = {
        f"{name}.weight": random.normal(0, 0.3, shape).astype(np.float32)
        for name, shape in shapes.items()
    }
    norms = ["output_norm"]
    norms += [f"blk.{layer}.{kind}_norm" for layer in range(LAYERS) for kind in ("attn", "ffn")]
    for name in norms:
        weights[f"{name}.weight"] = random.uniform(0.5, 1.5, WIDTH).astype(np.float32)
    return weights


@pytest.fixture(scope="session")
def tiny_gguf(
    tmp_path_factory: pytest.TempPathFactory, tiny_weights: Mapping[str, NDArray[np.float32]]
) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(LAYERS)
    writer.add_context_length(CONTEXT_TOKEN_COUNT)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS_KV)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    tokens = [*CONTROL_TOKENS, *alphabet(), "th", "the"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3] * len(CONTROL_TOKENS) + [1] * 258)
    writer.add_token_merges(["t h", "th e"])
    writer.add_chat_template(CHAT_TEMPLATE)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    for name, weight in tiny_weights.items():
        writer.add_tensor(name, weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory, tiny_gguf: Path) -> Path:
    directory = tmp_path_factory.mktemp("tiny-model")
    reader = gguf.GGUFReader(tiny_gguf)
    write_weights(reader, directory)
    write_tokenizer(reader, directory)
    form = ConversationForm("<|im_start|>", ("<|im_end|>", "<|endoftext|>"), "Help.", 128)
    form.write(directory)
    return directory
