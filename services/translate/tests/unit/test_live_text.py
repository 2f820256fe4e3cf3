"""Live texts over real gRPC, with an engine that is scripted."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import grpc.aio
import pytest
import pytest_asyncio

from brickwork.translate.v1 import translate_pb2, translate_pb2_grpc
from brickwork_sdk.errors import Reason
from brickwork_sdk.rich_status import error_from_rpc
from brickwork_sdk.testing.brick import served_brick
from brickwork_translate.__main__ import register
from brickwork_translate.settings import TranslateSettings

CALL_SECONDS = 60.0

pytestmark = pytest.mark.asyncio(loop_scope="module")

Request = translate_pb2.TranslateLiveTextRequest
CONFIG = Request(config=translate_pb2.LiveTextConfig(source_language="en", target_language="pt"))


def said(name: str, text: str) -> Request:
    return Request(text=translate_pb2.LiveText(id=name, text=text))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator["translate_pb2_grpc.TranslateServiceAsyncStub"]:
    folder, settings = tmp_path_factory.mktemp("brick"), TranslateSettings
    async with served_brick("brickwork_translate", settings, register, folder) as channel:
        yield translate_pb2_grpc.TranslateServiceStub(channel)


async def answers(live: Any, *requests: Request) -> list[translate_pb2.TranslateLiveTextResponse]:
    call = live.TranslateLiveText(iter(requests), timeout=CALL_SECONDS)
    return [event async for event in call]


async def next_translation(call: Any) -> translate_pb2.LiveTranslation:
    async for event in call:
        if event.HasField("translation"):
            found: translate_pb2.LiveTranslation = event.translation
            return found
    raise AssertionError("the stream has ended")


async def test_translations_come_in_order_between_one_start_and_a_summary(live: Any) -> None:
    found = await answers(live, CONFIG, *(said(str(n), f"Text {n}.") for n in range(20)))
    kinds = [event.WhichOneof("event") for event in found if not event.HasField("waiting")]
    assert kinds == ["started", *["translation"] * 20, "summary"]
    told = [event.translation for event in found if event.HasField("translation")]
    assert [(each.id, each.translation.index) for each in told] == [(str(n), n) for n in range(20)]
    assert [each.translation.text for each in told] == [f"tEXT {n}." for n in range(20)]
    assert found[-1].summary.text_count == 20


async def test_texts_are_translated_while_the_stream_is_open(live: Any) -> None:
    call = live.TranslateLiveText(timeout=CALL_SECONDS)
    await call.write(CONFIG)
    for index, text in enumerate(("Half of a", "Half of a sentence.")):
        await call.write(said("s1", text))
        told = await next_translation(call)
        assert (told.id, told.translation.index) == ("s1", index)
        assert told.translation.text == text.swapcase()
    await call.done_writing()
    assert [event.summary.text_count async for event in call] == [2]


async def test_of_texts_under_one_name_the_latest_is_translated(live: Any) -> None:
    many = [said("s1", f"Version {n}.") for n in range(60)]
    found = await answers(live, CONFIG, *many, said("s2", "Next."))
    told = [event.translation for event in found if event.HasField("translation")]
    versions = [each.translation.index for each in told if each.id == "s1"]
    assert versions == sorted(set(versions))
    assert versions[-1] == 59
    assert [each.translation.text for each in told][-2:] == ["vERSION 59.", "nEXT."]
    assert found[-1].summary.text_count == len(told)


async def test_what_is_unsure_follows_what_was_said_before(live: Any) -> None:
    config = translate_pb2.LiveTextConfig(source_language="auto", target_language="en")
    call = live.TranslateLiveText(timeout=CALL_SECONDS)
    await call.write(Request(config=config))
    await call.write(said("1", "Bom dia."))
    assert (await next_translation(call)).translation.text == "bOM DIA."
    await call.write(said("2", "Sim?"))
    told = (await next_translation(call)).translation
    assert (told.text, told.detected.is_sure) == ("sIM?", False)
    await call.done_writing()


def config(**fields: Any) -> Request:
    given = {"source_language": "en", "target_language": "pt", **fields}
    return Request(config=translate_pb2.LiveTextConfig(**given))


def bad_streams() -> Iterator[Any]:
    term = translate_pb2.GlossaryTerm(source="", target="x")
    order, argument = Reason.STREAM_ORDER_INVALID, Reason.ARGUMENT_INVALID
    yield pytest.param([], order, id="nothing")
    yield pytest.param([Request()], order, id="an empty message")
    yield pytest.param([said("1", "a")], order, id="no config")
    yield pytest.param([CONFIG, CONFIG], order, id="a second config")
    yield pytest.param([CONFIG, Request()], order, id="an empty message later")
    yield pytest.param([CONFIG, said("", "a")], argument, id="no name")
    yield pytest.param([CONFIG, said("x" * 65, "a")], argument, id="a long name")
    yield pytest.param([CONFIG, said("1", "é" * 9_000)], Reason.TEXT_TOO_LONG, id="a long text")
    yield pytest.param([config(glossary=[term])], argument, id="an empty term")
    yield pytest.param([config(target_language="en")], argument, id="the same language")
    yield pytest.param(
        [config(source_language="klingon")], Reason.LANGUAGE_UNKNOWN, id="an unknown language"
    )
    yield pytest.param(
        [config(source_language="de")], Reason.LANGUAGE_PAIR_UNAVAILABLE, id="an unknown pair"
    )


@pytest.mark.parametrize(("requests", "reason"), list(bad_streams()))
async def test_a_bad_stream_is_refused(live: Any, requests: list[Request], reason: Reason) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        await answers(live, *requests)
    assert error_from_rpc(caught.value).reason is reason
    assert (await answers(live, CONFIG, said("1", "a")))[-1].summary.text_count == 1


async def test_what_came_before_a_bad_message_is_translated(live: Any) -> None:
    call = live.TranslateLiveText(timeout=CALL_SECONDS)
    await call.write(CONFIG)
    await call.write(said("1", "Good."))
    assert (await next_translation(call)).translation.text == "gOOD."
    await call.write(CONFIG)
    with pytest.raises(grpc.RpcError) as caught:
        await next_translation(call)
    assert error_from_rpc(caught.value).reason is Reason.STREAM_ORDER_INVALID


async def test_a_caller_who_leaves_leaves_the_brick_to_others(live: Any) -> None:
    left = live.TranslateLiveText(timeout=CALL_SECONDS)
    await left.write(CONFIG)
    await left.write(said("1", "Still here."))
    await next_translation(left)
    left.cancel()
    assert (await answers(live, CONFIG, said("1", "a")))[-1].summary.text_count == 1
