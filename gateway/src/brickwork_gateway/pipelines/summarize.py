"""The summary, twice: sentences of the transcript, and the model's own draft."""

from contextlib import aclosing

import grpc

from brickwork.llm.v1 import llm_pb2, llm_pb2_grpc
from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.job import StageName
from brickwork_gateway.pipelines import summary
from brickwork_gateway.pipelines.answers import TEXT_SECONDS_MAX, results
from brickwork_gateway.pipelines.keys import made_key
from brickwork_gateway.pipelines.stage_run import StageRun
from brickwork_sdk.errors import BrickworkError, Reason

EXTRACTIVE, DRAFT = "extractive", "draft"
"""Keys of the two forms among the chunks of the stage; partial drafts have others."""

ANSWER_TOKENS_MAX = 128
_SPLIT_CHARACTERS_MIN = 200


async def summarize(run: StageRun) -> None:
    """Keep both summaries; the extractive one first, for it needs nobody's help."""
    said = summary.sentences([chunk.body for chunk in await run.chunks(StageName.ALIGN)])
    picked = {"label": "Sentences taken from the transcript", "sentences": summary.extract(said)}
    await run.keep(Chunk(StageName.SUMMARIZE, EXTRACTIVE, picked))
    if said:
        async with run.brick("llm") as channel:
            text = await _Draft(run, channel).write(summary.parts(said))
        body = {"label": "Draft by a language model; check it against the transcript", "text": text}
        await run.keep(Chunk(StageName.SUMMARIZE, DRAFT, body))


class _Draft:
    """Condenses texts one by one, then what came of them, until one is left.

    Each answer is kept under the text that it answers, so that a repeated stage asks
    nothing twice.
    """

    def __init__(self, run: StageRun, channel: grpc.aio.Channel) -> None:
        self._run = run
        self._llm = llm_pb2_grpc.LlmServiceStub(channel)

    async def write(self, texts: list[str]) -> str:
        """Return the draft of at least one text."""
        kept = {chunk.key: chunk.body for chunk in await self._run.chunks(StageName.SUMMARIZE)}
        total = done = 0
        while True:
            total += len(texts)
            answers = []
            for text in texts:
                key = made_key(done, text)
                if key not in kept:
                    kept[key] = {"text": await self._condense(text)}
                    await self._run.keep(Chunk(StageName.SUMMARIZE, key, kept[key]))
                answers.append(kept[key]["text"])
                done += 1
                self._run.advance(done, total, "items")
            if len(answers) == 1:
                return str(answers[0])
            texts = summary.join(answers)

    async def _condense(self, text: str) -> str:
        try:
            return await self._ask(text)
        except BrickworkError as error:
            is_splittable = len(text) >= _SPLIT_CHARACTERS_MIN
            if error.reason is not Reason.CONTEXT_EXCEEDED or not is_splittable:
                raise
        shorter = [await self._condense(half) for half in summary.halves(text)]
        return await self._condense("\n".join(shorter))

    async def _ask(self, text: str) -> str:
        request = llm_pb2.GenerateTextRequest(
            messages=[llm_pb2.ChatMessage(role=llm_pb2.CHAT_ROLE_USER, text=summary.asked(text))],
            max_token_count=ANSWER_TOKENS_MAX,
        )
        call = self._llm.GenerateText(request, timeout=TEXT_SECONDS_MAX)
        pieces = []
        async with aclosing(results(self._run, "llm", call)) as answers:
            async for answer in answers:
                if answer.HasField("delta"):
                    pieces.append(answer.delta.text)
        return summary.tidied("".join(pieces))
