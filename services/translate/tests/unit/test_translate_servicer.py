"""The translate brick over real gRPC, with an engine that is scripted."""

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import pytest

from brickwork.translate.v1 import translate_pb2, translate_pb2_grpc
from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.rich_status import error_from_rpc
from brickwork_sdk.testing.brick import served_brick
from brickwork_translate.__main__ import register
from brickwork_translate.settings import TranslateSettings

CALL_SECONDS = 60.0


@pytest.fixture
async def translator(
    tmp_path: Path,
) -> AsyncIterator["translate_pb2_grpc.TranslateServiceAsyncStub"]:
    settings = TranslateSettings
    async with served_brick("brickwork_translate", settings, register, tmp_path) as channel:
        yield translate_pb2_grpc.TranslateServiceStub(channel)


async def translate(
    translator: "translate_pb2_grpc.TranslateServiceAsyncStub",
    *texts: str,
    source: str = "en",
    target: str = "pt",
) -> list[translate_pb2.TranslateTextsResponse]:
    request = translate_pb2.TranslateTextsRequest(
        texts=texts, source_language=source, target_language=target
    )
    return [event async for event in translator.TranslateTexts(request, timeout=CALL_SECONDS)]


async def refusal(
    translator: "translate_pb2_grpc.TranslateServiceAsyncStub",
    *texts: str,
    source: str = "en",
    target: str = "pt",
) -> BrickworkError:
    with pytest.raises(grpc.RpcError) as caught:
        await translate(translator, *texts, source=source, target=target)
    return error_from_rpc(caught.value)


async def test_translations_come_in_order_with_start_and_summary(
    translator: "translate_pb2_grpc.TranslateServiceAsyncStub",
) -> None:
    events = await translate(translator, "one", "", "two\n\nThree.")
    kinds = [event.WhichOneof("event") for event in events if not event.HasField("waiting")]
    assert kinds == ["started", "translation", "translation", "translation", "summary"]
    done = [event.translation for event in events if event.HasField("translation")]
    assert [(text.index, text.text) for text in done] == [
        (0, "ONE"),
        (1, ""),
        (2, "TWO\n\ntHREE."),
    ]
    assert events[-1].summary.text_count == 3
    started = next(event.started for event in events if event.HasField("started"))
    assert started.model.name == "bergamot-en-pt"


async def test_no_texts_are_no_error(
    translator: "translate_pb2_grpc.TranslateServiceAsyncStub",
) -> None:
    assert (await translate(translator))[-1].summary.text_count == 0


async def test_pairs_are_listed(
    translator: "translate_pb2_grpc.TranslateServiceAsyncStub",
) -> None:
    request = translate_pb2.ListLanguagePairsRequest()
    answer = await translator.ListLanguagePairs(request, timeout=CALL_SECONDS)
    listed = [(pair.source_language, pair.target_language, pair.model) for pair in answer.pairs]
    assert listed == [("en", "pt", "bergamot-en-pt"), ("pt", "en", "bergamot-pt-en")]


async def test_missing_pair_is_refused_and_the_installed_ones_are_named(
    translator: "translate_pb2_grpc.TranslateServiceAsyncStub",
) -> None:
    error = await refusal(translator, "Guten Tag", source="de", target="pt")
    assert error.reason is Reason.LANGUAGE_PAIR_UNAVAILABLE
    assert error.metadata["pairs"] == "en to pt, pt to en"


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("klingon", "pt", Reason.LANGUAGE_UNKNOWN),
        ("en", "", Reason.LANGUAGE_UNKNOWN),
        ("EN", "pt", Reason.LANGUAGE_UNKNOWN),
        ("pt", "pt", Reason.ARGUMENT_INVALID),
        ("haw", "en", Reason.LANGUAGE_PAIR_UNAVAILABLE),
    ],
)
async def test_languages_that_cannot_be_served_are_refused(
    translator: "translate_pb2_grpc.TranslateServiceAsyncStub",
    source: str,
    target: str,
    reason: Reason,
) -> None:
    assert (await refusal(translator, "a", source=source, target=target)).reason is reason


async def test_too_much_text_is_refused_at_the_border(
    translator: "translate_pb2_grpc.TranslateServiceAsyncStub",
) -> None:
    for texts in (["a" * (2**20 + 1)], ["é" * 2**19, "b"], ["a"] * 1001):
        error = await refusal(translator, *texts)
        assert error.reason is Reason.TEXT_TOO_LONG
        assert error.metadata == {"text_count_max": "1000", "bytes_max": "1048576"}
