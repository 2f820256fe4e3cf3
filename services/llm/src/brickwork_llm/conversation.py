"""How a conversation is laid out for a chat model, in the form called ChatML."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from brickwork_llm.engine import Message

FILE_NAME = "conversation.json"


@dataclass(frozen=True)
class ConversationForm:
    """What a model wants around the messages; stored beside its weights.

    Attributes:
        begin_token: control token before each message.
        end_tokens: control tokens that end an answer; the first one also ends each message.
        default_system_text: instruction when the conversation does not begin with one.
        context_token_count: most tokens of conversation and answer together.
    """

    begin_token: str
    end_tokens: tuple[str, ...]
    default_system_text: str
    context_token_count: int

    def write(self, model_dir: Path) -> None:
        """Write the form into a model's directory."""
        text = json.dumps(asdict(self), indent=1) + "\n"
        (model_dir / FILE_NAME).write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, model_dir: Path) -> "ConversationForm":
        """Read the form from a model's directory."""
        value = json.loads((model_dir / FILE_NAME).read_text(encoding="utf-8"))
        return cls(
            begin_token=value["begin_token"],
            end_tokens=tuple(value["end_tokens"]),
            default_system_text=value["default_system_text"],
            context_token_count=value["context_token_count"],
        )


def prompt_tokens(
    messages: Sequence[Message], form: ConversationForm, encode: Callable[[str], list[str]]
) -> list[str]:
    """Return the tokens of a conversation, ready for the model's answer.

    Args:
        messages: the conversation; not empty.
        form: the model's form.
        encode: turns text into tokens, and never into control tokens. So whoever writes
            `<|im_end|>` into a message has these characters read, and cannot pose as another
            speaker.
    """
    if messages[0].role != "system":
        messages = [Message("system", form.default_system_text), *messages]
    tokens: list[str] = []
    for message in messages:
        tokens += [form.begin_token, *encode(f"{message.role}\n{message.text}")]
        tokens += [form.end_tokens[0], *encode("\n")]
    return [*tokens, form.begin_token, *encode("assistant\n")]
