"""An engine without a model: its answer is a function of the question."""

import hashlib
from collections.abc import Generator, Mapping
from pathlib import Path

from brickwork_llm.context import check_context
from brickwork_llm.engine import GenerateEvent, GenerateRequest, TextDelta, Usage
from brickwork_sdk.engine import EngineDescription

CONTEXT_TOKEN_COUNT = 2_048
SENTENCE_WORD_COUNT = 12
"""How much of the last message an answer repeats."""


class ScriptedEngine:
    """Answers with the first words of the last message and a digest of the conversation.

    A token is a word. The digest makes answers to different conversations differ, even where
    their last messages begin alike.
    """

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return EngineDescription("scripted 1", "none", "cpu")

    def close(self) -> None:
        """Have nothing to let go."""

    def generate(self, request: GenerateRequest) -> Generator[GenerateEvent, None, None]:
        """Yield one word at a time, then the usage."""
        prompt_count = sum(len(message.text.split()) for message in request.messages)
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


def load(model_dir: Path, options: Mapping[str, str]) -> ScriptedEngine:
    """Return the engine; it reads no file and knows no option."""
    return ScriptedEngine()
