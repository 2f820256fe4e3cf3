"""How much text goes into one prompt of the model in use."""

import grpc

from brickwork.llm.v1 import llm_pb2, llm_pb2_grpc
from brickwork_gateway.pipelines.answers import TEXT_SECONDS_MAX
from brickwork_gateway.pipelines.partition import estimated_tokens
from brickwork_gateway.pipelines.prompts import asked
from brickwork_gateway.pipelines.stage_run import StageRun
from brickwork_sdk.channels import rpc_errors
from brickwork_sdk.errors import BrickworkError, Reason

ANSWER_TOKENS_MAX = 128
"""Longest summary of one prompt."""
PROMPT_TOKENS_MAX = 1_000
"""Longest prompt, also where a model would read more: of a short text more is told, and what is
told is found again among fewer sentences."""
_PROMPT_TOKENS_MIN = 128
_UNCOUNTED_TIMES = 8
"""A text estimated at so many prompts is not sent to be counted: it is too long in any case."""
_SCALES = (0.1, 2.0)
"""Between these a model's tokens may lie, over those estimated; beyond, one count was odd."""


class Tokens:
    """Counts by the model where it can, and otherwise estimates on the safe side.

    Args:
        run: told that the stage waits while the model counts, because it may have to be loaded.
        channel: leads to the llm brick.
        language: of the text, in which the request is put.
    """

    def __init__(self, run: StageRun, channel: grpc.aio.Channel, language: str | None) -> None:
        self._run = run
        self._llm = llm_pb2_grpc.LlmServiceStub(channel)
        self._language = language
        self._scale = 1.0
        self._can_count = True
        self.limit = PROMPT_TOKENS_MAX
        """Tokens of a prompt, at most; less once the model turns out to read less."""

    def estimated(self, text: str) -> float:
        """Guess how many tokens a text has, learning from what was counted."""
        return estimated_tokens(text) * self._scale

    @property
    def room(self) -> float:
        """What a prompt leaves for text beside its request, in estimated tokens."""
        return self.limit - self.estimated(asked("", self._language))

    async def fits(self, text: str) -> bool:
        """Tell whether a text and the request for its summary fit into one prompt."""
        return await self.count(text) <= self.limit

    async def count(self, text: str) -> float:
        """Return the tokens of the prompt that asks for a summary of a text.

        Raises:
            BrickworkError: whatever keeps the model from counting, but that it cannot count.
        """
        prompt = asked(text, self._language)
        estimate = estimated_tokens(prompt)
        if self._can_count and estimate <= _UNCOUNTED_TIMES * self.limit:
            try:
                return await self._counted(prompt, estimate)
            except BrickworkError as error:
                if error.reason is not Reason.MODEL_CANNOT:
                    raise
                self._can_count = False
        return estimate * self._scale

    async def _counted(self, prompt: str, estimate: int) -> int:
        message = llm_pb2.ChatMessage(role=llm_pb2.CHAT_ROLE_USER, text=prompt)
        self._run.waits("The language model is asked how long the text is.")
        with rpc_errors("llm"):
            told = await self._llm.CountTokens(
                llm_pb2.CountTokensRequest(messages=[message]), timeout=TEXT_SECONDS_MAX
            )
        self._run.works()
        low, high = _SCALES
        self._scale = min(max(told.token_count / max(estimate, 1), low), high)
        if told.context_token_count:
            room = max(told.context_token_count - ANSWER_TOKENS_MAX, _PROMPT_TOKENS_MIN)
            self.limit = min(PROMPT_TOKENS_MAX, room)
        return int(told.token_count)
