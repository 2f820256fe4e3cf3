"""One small real input for each brick with its default model, over the wire.

How good the models are is measured by `make bench`; here it is seen that they work at all.
"""

import io
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc.aio
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import brickwork_asr.__main__
import brickwork_diarize.__main__
import brickwork_llm.__main__
import brickwork_ocr.__main__
import brickwork_translate.__main__
from brickwork.asr.v1 import asr_pb2, asr_pb2_grpc
from brickwork.common.v1.common_pb2 import Media
from brickwork.diarize.v1 import diarize_pb2, diarize_pb2_grpc
from brickwork.llm.v1 import llm_pb2, llm_pb2_grpc
from brickwork.ocr.v1 import ocr_pb2, ocr_pb2_grpc
from brickwork.translate.v1 import translate_pb2, translate_pb2_grpc
from brickwork_asr.settings import AsrSettings
from brickwork_diarize.settings import DiarizeSettings
from brickwork_llm.settings import LlmSettings
from brickwork_ocr.settings import OcrSettings
from brickwork_sdk.brick import RegisterServicer
from brickwork_sdk.media.audio import read_audio
from brickwork_sdk.settings import BrickSettings
from brickwork_sdk.testing.brick import served_brick
from brickwork_sdk.testing.recordings import write_recording
from brickwork_translate.settings import TranslateSettings
from tools.scores import character_f_score, count_errors

pytestmark = pytest.mark.models

ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = ROOT / "tests" / "data" / "recordings"
SECONDS = 100.0


@asynccontextmanager
async def served(
    name: str, settings: type[BrickSettings], register: RegisterServicer
) -> AsyncIterator[grpc.aio.Channel]:
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        models = ROOT / ".brickwork" / "models"
        async with served_brick(
            f"brickwork_{name}", settings, register, Path(folder), engine="real", models_dir=models
        ) as channel:
            yield channel


async def test_a_sentence_is_heard() -> None:
    truth = (RECORDINGS / "austen-2.txt").read_text()
    sound = Media(inline=(RECORDINGS / "austen-2.flac").read_bytes())
    async with served("asr", AsrSettings, brickwork_asr.__main__.register) as channel:
        request = asr_pb2.TranscribeRecordingRequest(media=sound)
        call = asr_pb2_grpc.AsrServiceStub(channel).TranscribeRecording(request, timeout=SECONDS)
        events = [event async for event in call]
    errors, words = count_errors(truth, " ".join(event.segment.text for event in events), "en")
    assert errors / words <= 0.25
    assert events[-1].summary.language == "en"


async def test_two_readers_are_two_speakers(tmp_path: Path) -> None:
    parts = []
    for clip, begin_ms, end_ms in (("austen-1", 0, 7_000), ("shakespeare", 2_000, 11_000)):
        blocks = read_audio(RECORDINGS / f"{clip}.flac")
        samples = np.concatenate([block.samples for block in blocks])
        part = samples[begin_ms * 16 : end_ms * 16]
        parts.append(part * 0.06 / np.sqrt(np.mean(part**2)))
    path = write_recording(tmp_path / "readers.flac", np.concatenate(parts))
    request = diarize_pb2.DiarizeRecordingRequest(media=Media(inline=path.read_bytes()))
    async with served("diarize", DiarizeSettings, brickwork_diarize.__main__.register) as channel:
        stub = diarize_pb2_grpc.DiarizeServiceStub(channel)
        events = [event async for event in stub.DiarizeRecording(request, timeout=SECONDS)]
    turns = [event.turn for event in events if event.HasField("turn")]
    assert events[-1].summary.speaker_count == 2
    assert {turn.speaker for turn in turns if turn.end_ms <= 7_500} == {"S1"}
    assert {turn.speaker for turn in turns if turn.start_ms >= 6_500} == {"S2"}


async def test_a_line_is_read() -> None:
    page, content = Image.new("RGB", (640, 120), "white"), io.BytesIO()
    font = ImageFont.load_default(40)
    ImageDraw.Draw(page).text((30, 30), "Quarterly results 2026", font=font, fill="black")
    page.save(content, "PNG")
    request = ocr_pb2.ReadDocumentRequest(media=Media(inline=content.getvalue()))
    async with served("ocr", OcrSettings, brickwork_ocr.__main__.register) as channel:
        call = ocr_pb2_grpc.OcrServiceStub(channel).ReadDocument(request, timeout=SECONDS)
        pages = [event.page async for event in call if event.HasField("page")]
    assert [line.text for line in pages[0].lines] == ["Quarterly results 2026"]


async def test_a_sentence_is_translated_from_whatever_language_it_is_in() -> None:
    request = translate_pb2.TranslateTextsRequest(
        texts=["The results are not final."], source_language="auto", target_language="pt"
    )
    register = brickwork_translate.__main__.register
    async with served("translate", TranslateSettings, register) as channel:
        stub = translate_pb2_grpc.TranslateServiceStub(channel)
        call = stub.TranslateTexts(request, timeout=SECONDS)
        [text] = [event.translation.text async for event in call if event.HasField("translation")]
    assert character_f_score(["Os resultados não são finais."], [text]) > 60


async def test_a_question_is_answered() -> None:
    question = llm_pb2.ChatMessage(role=llm_pb2.CHAT_ROLE_USER, text="Name a colour.")
    request = llm_pb2.GenerateTextRequest(messages=[question], max_token_count=20)
    async with served("llm", LlmSettings, brickwork_llm.__main__.register) as channel:
        call = llm_pb2_grpc.LlmServiceStub(channel).GenerateText(request, timeout=SECONDS)
        events = [event async for event in call]
    assert "".join(event.delta.text for event in events).strip()
    assert 1 <= events[-1].usage.completion_token_count <= 20
