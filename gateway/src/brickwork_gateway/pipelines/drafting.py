"""A language model asked for summaries, of texts that fit into its prompt and of longer ones."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any

import grpc

from brickwork.llm.v1 import llm_pb2, llm_pb2_grpc
from brickwork_gateway.pipelines.answers import TEXT_SECONDS_MAX, results
from brickwork_gateway.pipelines.prompts import asked, laid_out
from brickwork_gateway.pipelines.sentences import drafted, halves
from brickwork_gateway.pipelines.stage_run import StageRun
from brickwork_gateway.pipelines.tokens import ANSWER_TOKENS_MAX, Tokens
from brickwork_sdk.errors import BrickworkError, Reason

_SPLIT_CHARACTERS_MIN = 200

Sentence = Mapping[str, Any]


class Drafting:
    """Asks for the summary of sentences; each of them goes into exactly one prompt.

    Args:
        run: who asks.
        channel: leads to the llm brick.
        tokens: says what fits.
        language: of the sentences.
    """

    def __init__(
        self, run: StageRun, channel: grpc.aio.Channel, tokens: Tokens, language: str | None
    ) -> None:
        self._run = run
        self._llm = llm_pb2_grpc.LlmServiceStub(channel)
        self._tokens = tokens
        self._language = language

    async def write(self, said: Sequence[Sentence]) -> list[str]:
        """Return the sentences of the model's summary; halves are asked about what is too long.

        Args:
            said: sentences, each with `text` and `speaker`.

        Raises:
            CONTEXT_EXCEEDED: the model does not even read a few words.
        """
        text = laid_out(said)
        if not text.strip():
            return []
        is_short = len(text) < _SPLIT_CHARACTERS_MIN
        if is_short or await self._tokens.fits(text):
            try:
                return drafted(await self._ask(text))
            except BrickworkError as error:
                if error.reason is not Reason.CONTEXT_EXCEEDED or is_short:
                    raise
        return [sentence for half in _halved(said) for sentence in await self.write(half)]

    async def _ask(self, text: str) -> str:
        prompt = asked(text, self._language)
        request = llm_pb2.GenerateTextRequest(
            messages=[llm_pb2.ChatMessage(role=llm_pb2.CHAT_ROLE_USER, text=prompt)],
            max_token_count=ANSWER_TOKENS_MAX,
        )
        call = self._llm.GenerateText(request, timeout=TEXT_SECONDS_MAX)
        pieces = []
        async with aclosing(results(self._run, "llm", call)) as answers:
            async for answer in answers:
                if answer.HasField("delta"):
                    pieces.append(answer.delta.text)
        return "".join(pieces)


def _halved(said: Sequence[Sentence]) -> list[list[Sentence]]:
    """Cut between two sentences, or a single one between two words."""
    if len(said) > 1:
        middle = len(said) // 2
        return [list(said[:middle]), list(said[middle:])]
    return [[{**said[0], "text": half}] for half in halves(said[0]["text"])]
