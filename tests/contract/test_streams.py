"""What every brick promises for its working streams, over real gRPC with scripted engines."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
import pytest
import pytest_asyncio
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from brickwork.asr.v1 import asr_pb2, asr_pb2_grpc
from brickwork.common.v1.common_pb2 import Media
from brickwork.control.v1 import control_pb2, control_pb2_grpc
from brickwork.objects.v1 import objects_pb2, objects_pb2_grpc
from brickwork_asr.settings import AsrSettings
from brickwork_diarize.settings import DiarizeSettings
from brickwork_llm.settings import LlmSettings
from brickwork_ocr.settings import OcrSettings
from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.rich_status import error_from_rpc
from brickwork_sdk.settings import BrickSettings
from brickwork_sdk.testing.brick import served_brick
from brickwork_translate.settings import TranslateSettings
from tests.contract.streams import LIVE, STREAMS, Stream, made_media

if TYPE_CHECKING:  # the stub of grpc.aio has a class of its own in the type stubs only
    ControlStub = control_pb2_grpc.ControlServiceAsyncStub

SETTINGS: Mapping[str, type[BrickSettings]] = {
    "asr": AsrSettings,
    "diarize": DiarizeSettings,
    "llm": LlmSettings,
    "ocr": OcrSettings,
    "translate": TranslateSettings,
}
ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60.0

pytestmark = pytest.mark.asyncio(loop_scope="module")
of_every_stream = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.rpc)
of_streams_with_media = pytest.mark.parametrize(
    "stream", [one for one in STREAMS if one.unreadable], ids=lambda stream: stream.rpc
)

Channels = Mapping[str, grpc.aio.Channel]
Samples = Mapping[str, bytes]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bricks() -> AsyncIterator[Channels]:
    """A channel to each brick, by name."""
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        async with AsyncExitStack() as stack:
            yield {
                name: await stack.enter_async_context(
                    served_brick(
                        f"brickwork_{name}",
                        settings,
                        import_module(f"brickwork_{name}.__main__").register,
                        Path(folder),
                    )
                )
                for name, settings in SETTINGS.items()
            }


@pytest.fixture(scope="module")
def media() -> Iterator[Samples]:
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        yield made_media(Path(folder))


def call(bricks: Channels, stream: Stream, request: Message, seconds: float = SECONDS) -> Any:
    return getattr(stream.stub(bricks[stream.brick]), stream.rpc)(request, timeout=seconds)


async def events(bricks: Channels, stream: Stream, request: Message) -> list[Any]:
    return [event async for event in call(bricks, stream, request)]


async def results(bricks: Channels, stream: Stream, request: Message) -> list[Any]:
    """Return what does not depend on time: the results and the end."""
    kept = (stream.result, stream.last)
    found = await events(bricks, stream, request)
    return [event for event in found if event.WhichOneof("event") in kept]


def control(bricks: Channels, stream: Stream) -> "ControlStub":
    return control_pb2_grpc.ControlServiceStub(bricks[stream.brick])


async def state(bricks: Channels, stream: Stream) -> control_pb2.ModelState:
    request = control_pb2.DescribeBrickRequest()
    described = await control(bricks, stream).DescribeBrick(request, timeout=SECONDS)
    [found] = [one for one in described.models if one.model.name == stream.model]
    return found


async def unload(bricks: Channels, stream: Stream) -> None:
    request = control_pb2.UnloadModelRequest(model=stream.model)
    answer = await control(bricks, stream).UnloadModel(request, timeout=SECONDS)
    assert (answer.model.state, answer.model.granted_bytes) == (control_pb2.SLOT_STATE_EMPTY, 0)


async def refusal(bricks: Channels, stream: Stream, request: Message) -> BrickworkError:
    with pytest.raises(grpc.RpcError) as caught:
        await events(bricks, stream, request)
    return error_from_rpc(caught.value)


async def test_no_stream_of_any_brick_is_left_out() -> None:
    services = {path.name for path in (ROOT / "services").iterdir() if path.is_dir()}
    assert {stream.brick for stream in STREAMS} == set(SETTINGS) == services - {"broker"}
    files = {stream.request.DESCRIPTOR.file for stream in STREAMS}
    methods = [
        method
        for file in files
        for service in file.services_by_name.values()
        for method in service.methods
    ]
    streaming = [method for method in methods if method.server_streaming]
    both_ways = {method.name for method in streaming if method.client_streaming}
    assert both_ways == LIVE
    assert {stream.rpc for stream in STREAMS} == {method.name for method in streaming} - LIVE


@of_every_stream
async def test_a_bad_request_is_refused_with_its_reason_before_it_costs_memory(
    bricks: Channels, media: Samples, stream: Stream
) -> None:
    bad = list(stream.bad(media))
    errors = [await refusal(bricks, stream, request) for _, request in bad]
    assert [error.reason for error in errors] == [reason for reason, _ in bad]
    assert {error.domain for error in errors} == {f"{stream.brick}.brickwork"}
    assert all(error.message.endswith(".") for error in errors)
    assert (await state(bricks, stream)).state == control_pb2.SLOT_STATE_EMPTY


@pytest.mark.parametrize("name", SETTINGS)
async def test_a_model_can_be_loaded_before_it_is_needed(bricks: Channels, name: str) -> None:
    stub = control_pb2_grpc.ControlServiceStub(bricks[name])
    described = await stub.DescribeBrick(control_pb2.DescribeBrickRequest(), timeout=SECONDS)
    assert (described.brick, bool(described.version)) == (name, True)
    model = described.models[0].model.name
    request = control_pb2.LoadModelRequest(model=model)
    loaded = (await stub.LoadModel(request, timeout=SECONDS)).model
    assert loaded.state == control_pb2.SLOT_STATE_READY
    assert loaded.model.engine.startswith("scripted")
    for refused in (
        stub.LoadModel(control_pb2.LoadModelRequest(model="other"), timeout=SECONDS),
        stub.UnloadModel(control_pb2.UnloadModelRequest(model="other"), timeout=SECONDS),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            await refused
        assert error_from_rpc(caught.value).reason is Reason.MODEL_UNKNOWN


@pytest.mark.parametrize("name", SETTINGS)
async def test_a_brick_tells_the_limits_of_its_rpcs_and_keeps_to_them(
    bricks: Channels, media: Samples, name: str
) -> None:
    stub = control_pb2_grpc.ControlServiceStub(bricks[name])
    described = await stub.DescribeBrick(control_pb2.DescribeBrickRequest(), timeout=SECONDS)
    own = {stream.rpc: stream for stream in STREAMS if stream.brick == name}
    bounded = {limit.rpc for limit in described.limits}
    assert own.keys() <= bounded
    assert {"", "PutObject"} <= bounded
    assert len({(limit.rpc, limit.name) for limit in described.limits}) == len(described.limits)
    for limit in described.limits:
        assert limit.least < limit.most
        stream = own.get(limit.rpc)
        if stream is None or limit.name not in stream.request.DESCRIPTOR.fields_by_name:
            continue
        for beyond in (limit.least - 1, limit.most + 1):
            kind = stream.request.DESCRIPTOR.fields_by_name[limit.name].cpp_type
            value = beyond if kind == FieldDescriptor.CPPTYPE_FLOAT else int(beyond)
            order = stream.asked({**stream.orders[0], limit.name: value}, media)
            assert (await refusal(bricks, stream, order)).message.endswith("."), limit


@of_every_stream
async def test_a_stream_waits_starts_works_and_ends_in_this_order(
    bricks: Channels, media: Samples, stream: Stream
) -> None:
    await unload(bricks, stream)
    found = await events(bricks, stream, stream.asked(stream.orders[0], media))
    kinds = [event.WhichOneof("event") for event in found]
    start = kinds.index("started")
    assert start > 0
    assert set(kinds[:start]) == {"waiting"}
    assert set(kinds[start + 1 : -1]) - {"progress"} == {stream.result}
    assert kinds[-1] == stream.last
    assert all(event.waiting.cause for event in found[:start])
    assert found[start].started.waited.ToNanoseconds() > 0


@of_every_stream
async def test_the_answering_model_is_named_in_full(
    bricks: Channels, media: Samples, stream: Stream
) -> None:
    found = await events(bricks, stream, stream.asked(stream.orders[0], media))
    [model] = [event.started.model for event in found if event.HasField("started")]
    assert model.name == stream.model
    assert len(bytes.fromhex(model.digest)) == 32
    assert model.engine.startswith("scripted")
    assert (model.precision, model.device) == ("none", "cpu")
    described = await state(bricks, stream)
    assert described.model == model
    assert (described.state, described.user_count) == (control_pb2.SLOT_STATE_READY, 0)
    assert described.granted_bytes >= described.footprint_bytes > 0
    assert 0 < described.peak_bytes < 2 * described.footprint_bytes
    assert described.load_time.ToNanoseconds() > 0


@of_every_stream
async def test_two_calls_side_by_side_answer_as_each_does_alone(
    bricks: Channels, media: Samples, stream: Stream
) -> None:
    orders = [stream.asked(order, media) for order in stream.orders]
    alone = [await results(bricks, stream, order) for order in orders]
    together = await asyncio.gather(*(results(bricks, stream, order) for order in orders))
    assert list(together) == alone
    assert alone[0] != alone[1]


@pytest.mark.parametrize(
    ("rpc", "names"),
    [
        ("DiarizeRecording", ("short", "sound")),
        ("ReadDocument", ("light", "dark", "document")),
    ],
)
async def test_32_calls_at_once_answer_as_one_after_another(
    bricks: Channels, media: Samples, rpc: str, names: tuple[str, ...]
) -> None:
    # The other bricks prove it of theirs beside their servicers.
    [stream] = [one for one in STREAMS if one.rpc == rpc]
    orders = {name: stream.asked({"media": name}, media) for name in names}
    alone = {name: await results(bricks, stream, order) for name, order in orders.items()}
    calls = [names[at % len(names)] for at in range(32)]
    together = await asyncio.gather(*(results(bricks, stream, orders[name]) for name in calls))
    assert list(together) == [alone[name] for name in calls]
    assert all(alone[one] != alone[other] for one, other in pairwise(names))


@of_every_stream
async def test_a_caller_that_leaves_in_mid_stream_leaves_the_brick_to_others(
    bricks: Channels, media: Samples, stream: Stream
) -> None:
    short, long = (stream.asked(order, media) for order in stream.orders)
    expected = await results(bricks, stream, short)
    process = (await state(bricks, stream)).load_time
    left = call(bricks, stream, long)
    async for event in left:
        if event.WhichOneof("event") not in ("waiting", "started"):
            break
    left.cancel()
    assert await results(bricks, stream, short) == expected
    async with asyncio.timeout(SECONDS):
        while (await state(bricks, stream)).user_count:
            pass
    assert (await state(bricks, stream)).load_time == process, "the engine was started anew"


async def test_work_that_nobody_reads_waits_and_ends_with_its_caller(
    bricks: Channels, media: Samples
) -> None:
    [stream] = [one for one in STREAMS if one.brick == "translate"]
    # Half a megabyte: far more than gRPC takes in before somebody reads.
    left = call(bricks, stream, stream.asked(stream.orders[1], media))
    async for event in left:
        if event.WhichOneof("event") == stream.result:
            break
    assert (await state(bricks, stream)).user_count == 1
    left.cancel()
    async with asyncio.timeout(SECONDS):
        while (await state(bricks, stream)).user_count:
            pass


@of_every_stream
async def test_a_deadline_that_passes_is_told_and_harms_nobody_else(
    bricks: Channels, media: Samples, stream: Stream
) -> None:
    order = stream.asked(stream.orders[0], media)
    expected = await results(bricks, stream, order)
    await unload(bricks, stream)
    with pytest.raises(grpc.RpcError) as caught:
        async for _ in call(bricks, stream, order, seconds=0.05):
            pass
    assert error_from_rpc(caught.value).reason is Reason.DEADLINE_EXCEEDED
    assert await results(bricks, stream, order) == expected


@of_streams_with_media
async def test_a_medium_by_reference_is_the_medium_inline(
    bricks: Channels, media: Samples, stream: Stream
) -> None:
    order = stream.orders[0]
    content = media[order["media"]]
    objects = objects_pb2_grpc.ObjectsServiceStub(bricks[stream.brick])
    parts = [objects_pb2.PutObjectRequest(header=objects_pb2.ObjectHeader(workspace="contract"))]
    parts += [objects_pb2.PutObjectRequest(chunk=part) for part in (content[:99], content[99:])]
    stored = (await objects.PutObject(iter(parts), timeout=SECONDS)).object
    assert (stored.workspace, stored.size_bytes) == ("contract", len(content))
    request = objects_pb2.GetObjectRequest(object=stored)
    chunks = [answer.chunk async for answer in objects.GetObject(request, timeout=SECONDS)]
    assert b"".join(chunks) == content
    by_reference = stream.asked({**order, "media": Media(object=stored)}, media)
    expected = await results(bricks, stream, stream.asked(order, media))
    assert await results(bricks, stream, by_reference) == expected


async def test_the_language_comes_with_the_model_that_heard_it(
    bricks: Channels, media: Samples
) -> None:
    asr = asr_pb2_grpc.AsrServiceStub(bricks["asr"])
    request = asr_pb2.DetectLanguageRequest(media=Media(inline=media["short"]))
    answer = await asr.DetectLanguage(request, timeout=SECONDS)
    assert (answer.language, answer.model.name) == ("en", "whisper-base")
    assert answer.model.digest
    assert answer.model.engine
