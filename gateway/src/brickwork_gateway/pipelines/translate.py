"""The transcript in another language, segment by segment."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from brickwork.translate.v1 import translate_pb2, translate_pb2_grpc
from brickwork_gateway.ledger.chunk import Chunk
from brickwork_gateway.ledger.job import StageName
from brickwork_gateway.pipelines.answers import TEXT_SECONDS_MAX, results
from brickwork_gateway.pipelines.keys import made_key
from brickwork_gateway.pipelines.language import spoken_language
from brickwork_gateway.pipelines.stage_run import StageRun
from brickwork_gateway.pipelines.transcript import Transcript
from brickwork_sdk.errors import BrickworkError, Reason

TEXTS_PER_CALL = 100
"""The wire allows a thousand, but a smaller call is sooner repeated."""


@dataclass(frozen=True)
class Text:
    """A segment to translate, with the key of its translation."""

    key: str
    index: int
    text: str


async def translate(run: StageRun) -> None:
    """Keep the translation of each segment; what is in the wanted language stays.

    Raises:
        LANGUAGE_PAIR_UNAVAILABLE: after all segments whose language can be translated.
    """
    target, written_in = run.job.request.translate or "", run.job.request.written_in
    segments = await Transcript(run).without_words()
    kept = {chunk.key for chunk in await run.chunks(StageName.TRANSLATE)}
    main = spoken_language(segments, run.job.request.language) or ""
    by_language: dict[str, list[Text]] = {}
    for index, segment in enumerate(segments):
        source = written_in or segment["language"] or main
        key = made_key(index, source, target, segment["text"])
        if key not in kept:
            by_language.setdefault(source, []).append(Text(key, index, segment["text"]))
    done, total, refusal = len(kept), len(segments), None
    run.advance(done, total, "items")
    for source, texts in by_language.items():
        try:
            async with aclosing(_translated(run, source, target, texts)) as chunks:
                async for chunk in chunks:
                    await run.keep(chunk)
                    done += 1
                    run.advance(done, total, "items")
        except BrickworkError as error:
            if error.reason is not Reason.LANGUAGE_PAIR_UNAVAILABLE:
                raise
            refusal = error
    if refusal:
        raise refusal


async def _translated(
    run: StageRun, source: str, target: str, texts: Sequence[Text]
) -> AsyncGenerator[Chunk, None]:
    if source == target:
        for text in texts:
            yield _chunk(text, text.text)
        return
    async with run.brick("translate") as channel:
        stub = translate_pb2_grpc.TranslateServiceStub(channel)
        for first in range(0, len(texts), TEXTS_PER_CALL):
            batch = texts[first : first + TEXTS_PER_CALL]
            request = translate_pb2.TranslateTextsRequest(
                texts=[text.text for text in batch],
                source_language=source,
                target_language=target,
            )
            call = stub.TranslateTexts(request, timeout=TEXT_SECONDS_MAX)
            async with aclosing(results(run, "translate", call)) as answers:
                async for answer in answers:
                    if answer.HasField("translation"):
                        made = answer.translation
                        yield _chunk(batch[made.index], made.text)


def _chunk(text: Text, translation: str) -> Chunk:
    body = {"index": text.index, "translation": translation}
    return Chunk(StageName.TRANSLATE, text.key, body)
