"""An engine without a model: its answer is a function of the question."""

import hashlib
import math
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

from brickwork_llm.context import check_context
from brickwork_llm.engine import (
    CountRequest,
    Embedder,
    Embedding,
    EmbedEvent,
    EmbedRequest,
    EmbedUsage,
    Engine,
    GenerateEvent,
    GenerateRequest,
    Message,
    TextDelta,
    TokenCount,
    Usage,
)
from brickwork_llm.text_length import check_lengths
from brickwork_sdk.engine import EngineDescription

CONTEXT_TOKEN_COUNT = 2_048
EMBED_TOKEN_COUNT_MAX = 256
VECTOR_WIDTH = 8
SENTENCE_WORD_COUNT = 12
"""How much of the last message an answer repeats."""


class ScriptedEngine(Engine, Embedder):
    """Answers with the first words of the last message and a digest of the conversation.

    A token is a word. The digest makes answers to different conversations differ, even where
    their last messages begin alike. A vector is made of the digest of its text.
    """

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return EngineDescription("scripted 1", "none", "cpu")

    def close(self) -> None:
        """Have nothing to let go."""

    def generate(self, request: GenerateRequest) -> Generator[GenerateEvent, None, None]:
        """Yield one word at a time, then the usage."""
        prompt_count = _word_count(request.messages)
        check_context(prompt_count, CONTEXT_TOKEN_COUNT)
        digest = hashlib.sha256(repr(request.messages).encode()).hexdigest()[:8]
        words = [*request.messages[-1].text.split()[:SENTENCE_WORD_COUNT], f"[{digest}]"]
        limit = min(request.max_token_count, CONTEXT_TOKEN_COUNT - prompt_count)
        for index, word in enumerate(words[:limit]):
            yield TextDelta(word if index == 0 else f" {word}")
        yield Usage(
            prompt_token_count=prompt_count,
            completion_token_count=min(limit, len(words)),
            finish_reason="stop" if len(words) <= limit else "length",
        )

    def count(self, request: CountRequest) -> Generator[TokenCount, None, None]:
        """Yield the number of words."""
        yield TokenCount(_word_count(request.messages), CONTEXT_TOKEN_COUNT)

    def embed(self, request: EmbedRequest) -> Generator[EmbedEvent, None, None]:
        """Yield the vectors in the order of the texts, then the usage."""
        counts = [len(text.split()) for text in request.texts]
        check_lengths(counts, EMBED_TOKEN_COUNT_MAX, is_truncating=request.is_truncating)
        for index, text in enumerate(request.texts):
            read = " ".join(text.split()[:EMBED_TOKEN_COUNT_MAX])
            is_truncated = counts[index] > EMBED_TOKEN_COUNT_MAX
            yield Embedding(index, _unit_vector(read), counts[index], is_truncated)
        read_count = sum(min(count, EMBED_TOKEN_COUNT_MAX) for count in counts)
        yield EmbedUsage(read_count, EMBED_TOKEN_COUNT_MAX)


def _word_count(messages: Sequence[Message]) -> int:
    return sum(len(message.text.split()) for message in messages)


def _unit_vector(text: str) -> tuple[float, ...]:
    digest = hashlib.sha256(text.encode()).digest()[:VECTOR_WIDTH]
    length = math.hypot(*(byte + 1 for byte in digest))
    return tuple((byte + 1) / length for byte in digest)


def load(model_dir: Path, options: Mapping[str, str]) -> ScriptedEngine:
    """Return the engine; it reads no file and knows no option."""
    return ScriptedEngine()
