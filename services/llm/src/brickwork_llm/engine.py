"""What generating text means here: the values, and the Protocol of every engine."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal, Protocol

MAX_TOKEN_COUNT_DEFAULT = 256
MAX_TOKEN_COUNT_MAX = 4_096
TEMPERATURE_MAX = 2.0

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class Message:
    """One message of a conversation."""

    role: Role
    text: str


@dataclass(frozen=True)
class GenerateRequest:
    """Asks for the next message of a conversation.

    Attributes:
        messages: the conversation so far; at least one, the last one from the user.
        max_token_count: most tokens to write, 1 to `MAX_TOKEN_COUNT_MAX`.
        temperature: randomness in [0, `TEMPERATURE_MAX`]; 0 always takes the likeliest token.
    """

    messages: tuple[Message, ...]
    max_token_count: int = MAX_TOKEN_COUNT_DEFAULT
    temperature: float = 0.0


@dataclass(frozen=True)
class TextDelta:
    """A further piece of the answer; the pieces joined are the answer."""

    text: str


@dataclass(frozen=True)
class Pending:
    """Nothing new yet: the prompt is being read or another call is served first.

    It exists so that no step takes long, and a call can be cancelled before its first word.
    """


@dataclass(frozen=True)
class Usage:
    """The last event: what was read and written, and why it ended.

    Attributes:
        prompt_token_count: tokens read, those of the conversation's form included.
        completion_token_count: tokens written, without the one that ends the answer.
        finish_reason: "stop" when the model ended, "length" when a limit did.
    """

    prompt_token_count: int
    completion_token_count: int
    finish_reason: FinishReason


GenerateEvent = TextDelta | Pending | Usage


class Engine(Protocol):
    """Writes text; a server that speaks another protocol fits behind it as well."""

    def generate(self, request: GenerateRequest) -> Generator[GenerateEvent, None, None]:
        """Yield deltas, then exactly one usage; closing the iterator stops the work.

        Raises:
            InvalidInput: CONTEXT_EXCEEDED, the conversation leaves no room for an answer; the
                metadata holds `prompt_token_count` and `context_token_count`, unless a server that
                tells neither refused it. Nothing is ever cut off to make it fit.
        """
        ...
