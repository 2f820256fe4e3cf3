"""Bricks that answer from a script, over a real wire, and fail when they are told to."""

import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc.aio

from brickwork.asr.v1 import asr_pb2, asr_pb2_grpc
from brickwork.common.v1 import common_pb2
from brickwork.control.v1 import control_pb2, control_pb2_grpc
from brickwork.diarize.v1 import diarize_pb2, diarize_pb2_grpc
from brickwork.llm.v1 import llm_pb2, llm_pb2_grpc
from brickwork.ocr.v1 import ocr_pb2, ocr_pb2_grpc
from brickwork.translate.v1 import translate_pb2, translate_pb2_grpc
from brickwork_sdk.errors import BrickworkError, NotPossible, Reason
from brickwork_sdk.server import Register, running


def _first_words(prompt: str) -> str:
    return " ".join(prompt.split()[:4])


async def _go_on(brick: str) -> None:
    """Hold nothing up."""


@dataclass
class Script:
    """What the bricks of a test hear, see and say.

    Attributes:
        segments: (start_ms, end_ms, text) of speech; each word gets an equal share.
        turns: (start_ms, end_ms, speaker).
        slides: (start_ms, end_ms, text).
        language: language of the speech.
        abilities: of the model for speech.
        pairs: language pairs that can be translated.
        failures: by brick, how its next calls fail, one entry a call; None lets it pass.
        written: what the language model answers to a prompt; its first four words unless given.
        context_token_count: what the language model says that it reads; a token is a word. None
            for a model that cannot count.
        before_start: awaited with the brick's name while a call waits for its model.
        before_result: awaited with the brick's name before each result.
        calls: how many calls each brick got.
        requests: the requests, in the order of their coming.
    """

    segments: Sequence[tuple[int, int, str]] = ()
    turns: Sequence[tuple[int, int, str]] = ()
    slides: Sequence[tuple[int, int, str]] = ()
    language: str = "en"
    abilities: Sequence[str] = ("translate", "prompt", "hot_words")
    pairs: Sequence[tuple[str, str]] = (("en", "pt"),)
    failures: dict[str, list[tuple[int, BrickworkError] | None]] = field(default_factory=dict)
    written: Callable[[str], str] = _first_words
    context_token_count: int | None = 2_048
    before_start: Callable[[str], Awaitable[None]] = _go_on
    before_result: Callable[[str], Awaitable[None]] = _go_on
    calls: Counter[str] = field(default_factory=Counter)
    requests: list[Any] = field(default_factory=list)


@asynccontextmanager
async def served_bricks(script: Script) -> AsyncIterator[dict[str, str]]:
    """Serve all five bricks while the context lasts and yield their addresses by name."""
    # What no pipeline calls is left out, and answers UNIMPLEMENTED.
    asr, diarize = _Asr(script), _Diarize(script)  # type: ignore[abstract]
    ocr, translate = _Ocr(script), _Translate(script)  # type: ignore[abstract]
    llm = _Llm(script)  # type: ignore[abstract]
    control = _Control(script)  # type: ignore[abstract]

    def register_asr(server: grpc.aio.Server) -> None:
        asr_pb2_grpc.add_AsrServiceServicer_to_server(asr, server)
        control_pb2_grpc.add_ControlServiceServicer_to_server(control, server)

    bricks: dict[str, Register] = {
        "asr": register_asr,
        "diarize": lambda server: diarize_pb2_grpc.add_DiarizeServiceServicer_to_server(
            diarize, server
        ),
        "ocr": lambda server: ocr_pb2_grpc.add_OcrServiceServicer_to_server(ocr, server),
        "translate": lambda server: translate_pb2_grpc.add_TranslateServiceServicer_to_server(
            translate, server
        ),
        "llm": lambda server: llm_pb2_grpc.add_LlmServiceServicer_to_server(llm, server),
    }
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        async with AsyncExitStack() as stack:
            addresses = {}
            for name, register in bricks.items():
                addresses[name] = f"unix:{Path(folder) / name}.sock"
                await stack.enter_async_context(
                    running((), register, service=name, address=addresses[name], drain_seconds=0.0)
                )
            yield addresses


class _Scripted:
    brick = ""

    def __init__(self, script: Script) -> None:
        self._script = script

    async def _told(self, request: Any, answer: Any, results: Sequence[Any]) -> AsyncIterator[Any]:
        """Say that it waits, that it started, and the results, until a failure is due."""
        script = self._script
        script.calls[self.brick] += 1
        script.requests.append(request)
        due = script.failures.get(self.brick)
        after, error = (due.pop(0) if due else None) or (len(results), None)
        yield answer(waiting=common_pb2.Waiting(cause="the model is being loaded"))
        await script.before_start(self.brick)
        model = common_pb2.ModelInfo(
            name=f"scripted-{self.brick}",
            digest="0" * 64,
            engine="scripted 1",
            precision="none",
            device="cpu",
        )
        yield answer(started=common_pb2.Started(model=model))
        for result in results[:after]:
            await script.before_result(self.brick)
            yield result
        if error:
            raise error


class _Asr(_Scripted, asr_pb2_grpc.AsrServiceServicer):
    brick = "asr"

    async def TranscribeRecording(
        self, request: asr_pb2.TranscribeRecordingRequest, context: Any
    ) -> AsyncIterator[asr_pb2.TranscribeRecordingResponse]:
        answer = asr_pb2.TranscribeRecordingResponse
        results = [
            answer(segment=_segment(*said, self._script.language))
            for said in self._script.segments
            if said[0] >= request.start_ms
        ]
        summary = asr_pb2.TranscriptSummary(segment_count=len(results))
        async for message in self._told(request, answer, [*results, answer(summary=summary)]):
            yield message

    async def DetectLanguage(
        self, request: asr_pb2.DetectLanguageRequest, context: Any
    ) -> asr_pb2.DetectLanguageResponse:
        return asr_pb2.DetectLanguageResponse(language=self._script.language, probability=1.0)


class _Control(_Scripted, control_pb2_grpc.ControlServiceServicer):
    brick = "asr"

    async def DescribeBrick(
        self, request: control_pb2.DescribeBrickRequest, context: Any
    ) -> control_pb2.DescribeBrickResponse:
        model = common_pb2.ModelInfo(name="scripted-asr")
        return control_pb2.DescribeBrickResponse(
            default_model=model.name,
            models=[control_pb2.ModelState(model=model, abilities=self._script.abilities)],
        )


class _Diarize(_Scripted, diarize_pb2_grpc.DiarizeServiceServicer):
    brick = "diarize"

    async def DiarizeRecording(
        self, request: diarize_pb2.DiarizeRecordingRequest, context: Any
    ) -> AsyncIterator[diarize_pb2.DiarizeRecordingResponse]:
        answer = diarize_pb2.DiarizeRecordingResponse
        results = [
            answer(turn=diarize_pb2.Turn(start_ms=start, end_ms=end, speaker=speaker))
            for start, end, speaker in self._script.turns
        ]
        async for message in self._told(request, answer, results):
            yield message


class _Ocr(_Scripted, ocr_pb2_grpc.OcrServiceServicer):
    brick = "ocr"

    async def ReadVideo(
        self, request: ocr_pb2.ReadVideoRequest, context: Any
    ) -> AsyncIterator[ocr_pb2.ReadVideoResponse]:
        answer = ocr_pb2.ReadVideoResponse
        results = [
            answer(timed_text=ocr_pb2.TimedText(start_ms=start, end_ms=end, text=text))
            for start, end, text in self._script.slides
            if start >= request.start_ms
        ]
        async for message in self._told(request, answer, results):
            yield message

    async def ReadDocument(
        self, request: ocr_pb2.ReadDocumentRequest, context: Any
    ) -> AsyncIterator[ocr_pb2.ReadDocumentResponse]:
        answer = ocr_pb2.ReadDocumentResponse
        lines = [ocr_pb2.TextLine(text=text) for _, _, text in self._script.slides]
        results = [answer(page=ocr_pb2.Page(number=1, lines=lines))]
        async for message in self._told(request, answer, results):
            yield message


class _Translate(_Scripted, translate_pb2_grpc.TranslateServiceServicer):
    brick = "translate"

    async def TranslateTexts(
        self, request: translate_pb2.TranslateTextsRequest, context: Any
    ) -> AsyncIterator[translate_pb2.TranslateTextsResponse]:
        answer = translate_pb2.TranslateTextsResponse
        results = [
            answer(
                translation=translate_pb2.Translation(
                    index=index, text=f"{request.target_language}: {text}"
                )
            )
            for index, text in enumerate(request.texts)
        ]
        async for message in self._told(request, answer, results):
            yield message

    async def ListLanguagePairs(
        self, request: translate_pb2.ListLanguagePairsRequest, context: Any
    ) -> translate_pb2.ListLanguagePairsResponse:
        return translate_pb2.ListLanguagePairsResponse(
            pairs=[
                translate_pb2.LanguagePair(source_language=source, target_language=target)
                for source, target in self._script.pairs
            ]
        )


class _Llm(_Scripted, llm_pb2_grpc.LlmServiceServicer):
    brick = "llm"

    async def GenerateText(
        self, request: llm_pb2.GenerateTextRequest, context: Any
    ) -> AsyncIterator[llm_pb2.GenerateTextResponse]:
        answer = llm_pb2.GenerateTextResponse
        words = self._script.written(request.messages[-1].text).split()
        results = [answer(delta=llm_pb2.TextDelta(text=f"{word} ")) for word in words]
        async for message in self._told(request, answer, results):
            yield message

    async def CountTokens(
        self, request: llm_pb2.CountTokensRequest, context: Any
    ) -> llm_pb2.CountTokensResponse:
        await self._script.before_start(self.brick)
        context_token_count = self._script.context_token_count
        if context_token_count is None:
            raise NotPossible(Reason.MODEL_CANNOT, "The model cannot count.")
        count = sum(len(message.text.split()) for message in request.messages)
        return llm_pb2.CountTokensResponse(
            token_count=count, context_token_count=context_token_count
        )


def _segment(start_ms: int, end_ms: int, text: str, language: str) -> asr_pb2.Segment:
    words = text.split()
    share_ms = (end_ms - start_ms) // max(len(words), 1)
    return asr_pb2.Segment(
        start_ms=start_ms,
        end_ms=end_ms,
        text=text,
        language=language,
        words=[
            asr_pb2.Word(
                start_ms=start_ms + share_ms * place,
                end_ms=start_ms + share_ms * (place + 1),
                text=word,
            )
            for place, word in enumerate(words)
        ],
    )
