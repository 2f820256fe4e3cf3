"""The translate brick over real gRPC, with an engine that is scripted."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest
import pytest_asyncio

from brickwork.translate.v1 import translate_pb2, translate_pb2_grpc
from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.rich_status import error_from_rpc
from brickwork_sdk.testing.brick import served_brick
from brickwork_translate.__main__ import register
from brickwork_translate.servicer import SERVICE_NAME
from brickwork_translate.settings import TranslateSettings

CALL_SECONDS = 60.0

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def channel(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[grpc.aio.Channel]:
    folder, settings = tmp_path_factory.mktemp("brick"), TranslateSettings
    async with served_brick("brickwork_translate", settings, register, folder) as channel:
        yield channel


@pytest.fixture
def translator(channel: grpc.aio.Channel) -> "translate_pb2_grpc.TranslateServiceAsyncStub":
    return translate_pb2_grpc.TranslateServiceStub(channel)


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


async def test_what_must_survive_does_whatever_the_model_does_to_it(
    translator: "translate_pb2_grpc.TranslateServiceAsyncStub",
) -> None:
    term = translate_pb2.GlossaryTerm(source="board", target="Conselho")
    request = translate_pb2.TranslateTextsRequest(
        texts=["Ask the board for {n} of <b>20</b>."],
        source_language="en",
        target_language="pt",
        glossary=[term],
    )
    events = [event async for event in translator.TranslateTexts(request, timeout=CALL_SECONDS)]
    [done] = [event.translation for event in events if event.HasField("translation")]
    # The scripted engine spoils the first kind of name, and keeps the second.
    assert done.text == "aSK THE Conselho FOR {n} OF <b>20</b>."
    assert done.outcome == translate_pb2.TRANSLATION_OUTCOME_TRANSLATED
    assert (list(done.missing), done.parted_sentence_count) == ([], 0)
    assert not done.HasField("detected")


async def test_languages_are_detected_for_each_text(
    translator: "translate_pb2_grpc.TranslateServiceAsyncStub",
) -> None:
    texts = ("Good day.", "Bom dia.", "Hola.", "2026", "Well?")
    events = await translate(translator, *texts, source="auto")
    done = [event.translation for event in events if event.HasField("translation")]
    assert [(each.text, each.outcome) for each in done] == [
        ("gOOD DAY.", translate_pb2.TRANSLATION_OUTCOME_TRANSLATED),
        ("Bom dia.", translate_pb2.TRANSLATION_OUTCOME_ALREADY_THERE),
        ("Hola.", translate_pb2.TRANSLATION_OUTCOME_NO_PAIR),
        ("2026", translate_pb2.TRANSLATION_OUTCOME_NO_LANGUAGE),
        ("wELL?", translate_pb2.TRANSLATION_OUTCOME_TRANSLATED),
    ]
    assert [each.index for each in done] == [0, 1, 2, 3, 4]
    assert [(each.detected.language, each.detected.is_sure) for each in done] == [
        ("en", True),
        ("pt", True),
        ("es", True),
        ("", False),
        ("en", False),
    ]
    started = [event.started.model.name for event in events if event.HasField("started")]
    assert started == ["lid-176", "bergamot-en-pt"]
    assert events[-1].summary.text_count == 5


async def test_languages_that_nothing_translates_are_an_error_only_if_there_is_nothing_else(
    translator: "translate_pb2_grpc.TranslateServiceAsyncStub",
) -> None:
    error = await refusal(translator, "Hola.", "1", source="auto", target="pt")
    assert error.reason is Reason.LANGUAGE_PAIR_UNAVAILABLE
    events = await translate(
        translator, "Bom dia.", "Hello.", "Bom dia!", source="auto", target="en"
    )
    texts = [event.translation.text for event in events if event.HasField("translation")]
    assert texts == ["bOM DIA.", "Hello.", "bOM DIA!"]


async def test_32_calls_at_once_answer_as_one_after_another(
    translator: "translate_pb2_grpc.TranslateServiceAsyncStub",
) -> None:
    calls = [[f"Text {n}. And {m}!" for m in range(n % 4)] for n in range(32)]

    async def results(texts: list[str]) -> list[str]:
        events = await translate(translator, *texts)
        return [event.translation.text for event in events if event.HasField("translation")]

    alone = [await results(texts) for texts in calls]
    assert list(await asyncio.gather(*map(results, calls))) == alone


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


async def test_pairs_are_listed_from_and_into_a_language(
    translator: "translate_pb2_grpc.TranslateServiceAsyncStub",
) -> None:
    request = translate_pb2.ListLanguagePairsRequest(source_language="pt")
    answer = await translator.ListLanguagePairs(request, timeout=CALL_SECONDS)
    assert [pair.model for pair in answer.pairs] == ["bergamot-pt-en"]
    wrong = translate_pb2.ListLanguagePairsRequest(target_language="klingon")
    with pytest.raises(grpc.RpcError) as caught:
        await translator.ListLanguagePairs(wrong, timeout=CALL_SECONDS)
    assert error_from_rpc(caught.value).reason is Reason.LANGUAGE_UNKNOWN


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
    for texts in (["a" * (2**20 + 1)], ["é" * 2**19, "b"], ["a"] * 1001, [""] * 100_000):
        error = await refusal(translator, *texts)
        assert error.reason is Reason.TEXT_TOO_LONG
        assert error.metadata == {"text_count_max": "1000", "bytes_max": "1048576"}


def terms(*pairs: tuple[str, str]) -> list[translate_pb2.GlossaryTerm]:
    return [translate_pb2.GlossaryTerm(source=one, target=other) for one, other in pairs]


@pytest.mark.parametrize(
    ("glossary", "field"),
    [
        (terms(("", "x")), "glossary[0].source"),
        (terms(("x", "")), "glossary[0].target"),
        (terms(("a", "b"), ("a", "c")), "glossary[1].source"),
        (terms((" a", "b")), "glossary[0].source"),
        (terms(("a\nb", "c")), "glossary[0].source"),
        (terms(("a", "b\0c")), "glossary[0].target"),
        (terms(("a" * 201, "b")), "glossary[0].source"),
        (terms(*((str(n), "b") for n in range(201))), "glossary"),
    ],
)
async def test_a_glossary_that_makes_no_sense_is_refused(
    translator: "translate_pb2_grpc.TranslateServiceAsyncStub",
    glossary: list[translate_pb2.GlossaryTerm],
    field: str,
) -> None:
    request = translate_pb2.TranslateTextsRequest(
        texts=["a"], source_language="en", target_language="pt", glossary=glossary
    )
    with pytest.raises(grpc.RpcError) as caught:
        [event async for event in translator.TranslateTexts(request, timeout=CALL_SECONDS)]
    error = error_from_rpc(caught.value)
    assert (error.reason, error.metadata) == (Reason.ARGUMENT_INVALID, {"field": field})


@pytest.mark.parametrize("rpc", ["TranslateTexts", "TranslateLiveText", "ListLanguagePairs"])
async def test_bytes_that_are_no_text_are_refused(channel: grpc.aio.Channel, rpc: str) -> None:
    # Field 1 holds a text, or a message with one, and neither can be read.
    send: Any = channel.stream_stream(f"/{SERVICE_NAME}/{rpc}")
    with pytest.raises(grpc.RpcError) as caught:
        [answer async for answer in send(iter([b"\x0a\x02\xff\xfe"]))]
    assert error_from_rpc(caught.value).reason is Reason.ARGUMENT_INVALID


async def test_ten_megabytes_are_more_than_a_message_holds(
    translator: "translate_pb2_grpc.TranslateServiceAsyncStub",
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        await translate(translator, "a" * 10_000_000)
    assert error_from_rpc(caught.value).reason is Reason.ARGUMENT_INVALID
    assert (await translate(translator, "a"))[-1].summary.text_count == 1
