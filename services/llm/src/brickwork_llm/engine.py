"""What a language model is asked here: the values, and the Protocol of every engine."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal, Protocol

from brickwork_sdk.engine.interim import Interim

MAX_TOKEN_COUNT_DEFAULT = 256
MAX_TOKEN_COUNT_MAX = 4_096
TEMPERATURE_MAX = 2.0
MESSAGE_COUNT_MAX = 1_000
TEXT_COUNT_MAX = 1_000
TEXT_BYTES_MAX = 1024 * 1024
"""Of all messages of a conversation, or of all texts of a request, in UTF-8."""

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
        schema: JSON Schema, as text, that the answer must keep to; empty where it is free.
    """

    messages: tuple[Message, ...]
    max_token_count: int = MAX_TOKEN_COUNT_DEFAULT
    temperature: float = 0.0
    schema: str = ""


@dataclass(frozen=True)
class CountRequest:
    """Asks how many tokens a conversation has for the model."""

    messages: tuple[Message, ...]


@dataclass(frozen=True)
class EmbedRequest:
    """Asks for the vectors of texts.

    Attributes:
        texts: none of them empty.
        is_truncating: whether the beginning of a text that is too long stands for all of it.
    """

    texts: tuple[str, ...]
    is_truncating: bool = False


@dataclass(frozen=True)
class TextDelta:
    """A further piece of the answer; the pieces joined are the answer."""

    text: str


@dataclass(frozen=True)
class Pending(Interim):
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


@dataclass(frozen=True)
class TokenCount:
    """How long a conversation is.

    Attributes:
        token_count: tokens that the model would read, those of the conversation's form included.
        context_token_count: tokens that conversation and answer have together; 0 is not known.
    """

    token_count: int
    context_token_count: int


@dataclass(frozen=True)
class Embedding:
    """The vector of one text.

    Attributes:
        index: of the text in the request.
        vector: of length 1.
        token_count: tokens of the whole text, those around it included.
        is_truncated: whether only its beginning was read.
    """

    index: int
    vector: tuple[float, ...]
    token_count: int
    is_truncated: bool = False


@dataclass(frozen=True)
class EmbedUsage:
    """The last event of an embedding: tokens read, and most that can be read of one text."""

    token_count: int
    token_count_max: int


GenerateEvent = TextDelta | Pending | Usage
CountEvent = TokenCount | Pending
EmbedEvent = Embedding | EmbedUsage


class Engine(Protocol):
    """Writes text; a server that speaks another protocol fits behind it as well."""

    def generate(self, request: GenerateRequest) -> Generator[GenerateEvent, None, None]:
        """Yield deltas, then exactly one usage; closing the iterator stops the work.

        Raises:
            InvalidInput: CONTEXT_EXCEEDED, the conversation leaves no room for an answer; the
                metadata holds `prompt_token_count` and `context_token_count`, unless a server that
                does not tell one of them refused it. Nothing is ever cut off to make it fit.
        """
        ...

    def count(self, request: CountRequest) -> Generator[CountEvent, None, None]:
        """Yield exactly one count, exact and by the model's own tokenizer.

        Raises:
            NotPossible: MODEL_CANNOT, a server has no way to count.
        """
        ...


class Embedder(Protocol):
    """Turns texts into vectors."""

    def embed(self, request: EmbedRequest) -> Generator[EmbedEvent, None, None]:
        """Yield one vector for each text, in any order, then the usage.

        Raises:
            InvalidInput: TEXT_TOO_LONG, a text has more tokens than the model reads and was not to
                be truncated; `index`, `token_count` and `token_count_max` are in the metadata.
                Nothing is computed before every text was measured.
        """
        ...
