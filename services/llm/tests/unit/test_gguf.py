from collections.abc import Mapping
from pathlib import Path

import ctranslate2
import gguf
import numpy as np
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer

from brickwork_llm.gguf_metadata import number
from brickwork_llm.gguf_vocabulary import write_tokenizer
from brickwork_llm.gguf_weights import write_weights

HEADS, HEADS_KV, HEAD = 4, 2, 8
Weights = Mapping[str, NDArray[np.float32]]


def normed(values: NDArray[np.float64], gamma: NDArray[np.float32]) -> NDArray[np.float64]:
    size: NDArray[np.float64] = np.sqrt((values**2).mean(-1, keepdims=True) + 1e-5)
    return values / size * gamma


def rotated(values: NDArray[np.float64]) -> NDArray[np.float64]:
    angles = np.outer(np.arange(len(values)), 10_000.0 ** (-np.arange(0, HEAD, 2) / HEAD))
    cosine, sine = np.cos(angles)[:, None], np.sin(angles)[:, None]
    even, odd = values[..., ::2], values[..., 1::2]
    pairs = [even * cosine - odd * sine, even * sine + odd * cosine]
    return np.stack(pairs, axis=-1).reshape(values.shape)


def expected_logits(weights: Weights, tokens: list[int]) -> NDArray[np.float64]:
    """Run the Llama network in plain numpy, straight from the GGUF tensors."""
    hidden = weights["token_embd.weight"][tokens].astype(np.float64)
    count = len(tokens)
    for layer in range(2):
        part = {
            name.split(".")[2]: weight
            for name, weight in weights.items()
            if name.startswith(f"blk.{layer}.")
        }
        inner = normed(hidden, part["attn_norm"])
        query = rotated((inner @ part["attn_q"].T).reshape(count, HEADS, HEAD))
        key = rotated((inner @ part["attn_k"].T).reshape(count, HEADS_KV, HEAD))
        value = (inner @ part["attn_v"].T).reshape(count, HEADS_KV, HEAD)
        key, value = (np.repeat(each, HEADS // HEADS_KV, axis=1) for each in (key, value))
        scores = np.einsum("ihd,jhd->hij", query, key) / np.sqrt(HEAD)
        scores = np.exp(scores) * np.tril(np.ones((count, count)))
        scores /= scores.sum(-1, keepdims=True)
        mixed = np.einsum("hij,jhd->ihd", scores, value).reshape(count, -1)
        hidden = hidden + mixed @ part["attn_output"].T
        inner = normed(hidden, part["ffn_norm"])
        gate = inner @ part["ffn_gate"].T
        gate = gate / (1 + np.exp(-gate))
        hidden = hidden + (gate * (inner @ part["ffn_up"].T)) @ part["ffn_down"].T
    last: NDArray[np.float64] = normed(hidden, weights["output_norm.weight"])
    return last @ weights["token_embd.weight"].T


def test_the_converted_network_computes_what_the_gguf_file_describes(
    tiny_weights: Weights, tiny_model: Path
) -> None:
    tokens = [5, 70, 12, 200, 33, 90, 41, 7, 150, 66]
    expected = expected_logits(tiny_weights, tokens)
    generator = ctranslate2.Generator(str(tiny_model), compute_type="float32")
    found = np.asarray(generator.forward_batch([tokens]))[0]
    assert found.shape == expected.shape
    # The weights went through int8 once: a wrong layout gives a cosine near 0, this one near 1.
    cosine = (found * expected).sum() / np.linalg.norm(found) / np.linalg.norm(expected)
    assert cosine > 0.999


def test_the_same_file_gives_the_same_bytes(
    tiny_gguf: Path, tiny_model: Path, tmp_path: Path
) -> None:
    write_weights(gguf.GGUFReader(tiny_gguf), tmp_path)
    write_tokenizer(gguf.GGUFReader(tiny_gguf), tmp_path)
    for again in sorted(tmp_path.iterdir()):
        assert again.read_bytes() == (tiny_model / again.name).read_bytes(), again.name


def test_the_tokenizer_merges_splits_digits_and_gives_every_byte_back(tiny_model: Path) -> None:
    tokenizer = Tokenizer.from_file(str(tiny_model / "tokenizer.json"))
    assert tokenizer.encode("the th 12").tokens == ["the", "Ġ", "th", "Ġ", "1", "2"]
    text = "Olá 🙂\n\t中"
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_a_key_that_the_file_lacks_is_named(tiny_gguf: Path) -> None:
    with pytest.raises(ValueError, match=r"llama\.expert_count is missing"):
        number(gguf.GGUFReader(tiny_gguf), "llama.expert_count")


def test_another_tokenizer_is_refused(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "other.gguf", "llama")
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(ValueError, match="no conversion"):
        write_tokenizer(gguf.GGUFReader(tmp_path / "other.gguf"), tmp_path)
