"""Turn the tokenizer of a GGUF file into a `tokenizer.json`."""

import json
from pathlib import Path

import gguf

from brickwork_llm.gguf_metadata import numbers, text, texts

CONTROL_TOKEN = 3
"""Token type of control tokens. Source: GGUF specification, `tokenizer.ggml.token_type`."""


def write_tokenizer(reader: gguf.GGUFReader, directory: Path) -> None:
    """Write `tokenizer.json` in the format of the `tokenizers` library.

    The file is a byte-level BPE. What GGUF calls the pre-tokenizer "smollm" splits every digit
    from its neighbours and then splits as GPT-2 does. The JSON is written here and not by the
    library, so that its bytes do not change with the library's version.

    Source: llama.cpp, `llama-vocab.cpp`, LLAMA_VOCAB_PRE_TYPE_SMOLLM.

    Args:
        reader: the open GGUF file.
        directory: where the file is written; it exists.
    """
    kind = (text(reader, "tokenizer.ggml.model"), text(reader, "tokenizer.ggml.pre"))
    if kind != ("gpt2", "smollm"):
        raise ValueError(f"no conversion for the tokenizer {kind} is known")
    tokens = texts(reader, "tokenizer.ggml.tokens")
    kinds = numbers(reader, "tokenizer.ggml.token_type")
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    }
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": index,
                "content": token,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for index, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
            if kind == CONTROL_TOKEN
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level],
        },
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {token: index for index, token in enumerate(tokens)},
            "merges": [merge.split(" ") for merge in texts(reader, "tokenizer.ggml.merges")],
        },
    }
    path = directory / "tokenizer.json"
    path.write_text(json.dumps(tokenizer, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
