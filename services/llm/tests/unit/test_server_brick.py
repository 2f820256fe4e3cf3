"""The llm brick over real gRPC in front of an external server, in an engine process of its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from brickwork.control.v1 import control_pb2, control_pb2_grpc
from brickwork.llm.v1 import llm_pb2 as pb
from brickwork.llm.v1 import llm_pb2_grpc
from brickwork_llm.__main__ import register
from brickwork_llm.server_model import CLIENT_BYTES, outside_model
from brickwork_llm.settings import LlmSettings
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.rich_status import error_from_rpc
from brickwork_sdk.testing.brick import served_brick
from brickwork_sdk.testing.llm_server import LlmServerProcess, llm_server

CALL_SECONDS = 60.0
MODEL_BYTES = 32 * 1024 * 1024
TOKEN_BYTES = 256 * 1024 * 1024


@pytest.fixture(scope="module")
def server() -> Iterator[LlmServerProcess]:
    with llm_server("ollama", MODEL_BYTES) as server:
        yield server


def settings(address: str, **others: Any) -> LlmSettings:
    named: dict[str, Any] = {"server_model": "toy", "server_memory_bytes": TOKEN_BYTES, **others}
    return LlmSettings(
        listen="",
        broker="unix:none",
        models_dir=Path("models"),
        objects_dir=Path("objects"),
        server_address=address,
        **named,
    )


@pytest.fixture
async def channel(tmp_path: Path, server: LlmServerProcess) -> AsyncIterator[grpc.aio.Channel]:
    outside = outside_model(settings(server.address))
    async with served_brick(
        "brickwork_llm", LlmSettings, register, tmp_path, engine="real", outside=outside
    ) as channel:
        yield channel


async def generate(channel: grpc.aio.Channel) -> list[pb.GenerateTextResponse]:
    stub: llm_pb2_grpc.LlmServiceAsyncStub = llm_pb2_grpc.LlmServiceStub(channel)
    asked = pb.ChatMessage(role=pb.CHAT_ROLE_USER, text="one two three")
    request = pb.GenerateTextRequest(messages=[asked])
    return [event async for event in stub.GenerateText(request, timeout=CALL_SECONDS)]


async def test_the_model_of_the_server_is_the_only_one_for_text_and_answers(
    channel: grpc.aio.Channel,
) -> None:
    events = await generate(channel)
    kinds = [event.WhichOneof("event") for event in events]
    assert kinds[kinds.index("started") :] == ["started", *["delta"] * 3, "usage"]
    started = events[kinds.index("started")].started.model
    assert (started.name, started.device) == ("toy", "server")
    assert (started.engine, started.precision) == ("ollama 0.0.0-double", "Q4_0")
    control = control_pb2_grpc.ControlServiceStub(channel)
    about = await control.DescribeBrick(control_pb2.DescribeBrickRequest(), timeout=CALL_SECONDS)
    assert about.default_model == "toy"
    # The server stands in for text; vectors are still made here.
    assert [one.model.name for one in about.models] == ["toy", "all-minilm-l6-v2"]
    assert [one.granted_bytes for one in about.models] == [TOKEN_BYTES, 0]
    unload = control_pb2.UnloadModelRequest(model="toy")
    answer = await control.UnloadModel(unload, timeout=CALL_SECONDS)
    assert answer.model.state == control_pb2.SLOT_STATE_EMPTY


@pytest.mark.parametrize(
    ("address", "model", "reason"),
    [
        ("", "not-there", Reason.MODEL_MISSING),
        ("http://127.0.0.1:9", "toy", Reason.SERVER_UNREACHABLE),
    ],
)
async def test_what_cannot_be_loaded_is_said_before_memory_is_asked_for(
    tmp_path: Path, server: LlmServerProcess, address: str, model: str, reason: Reason
) -> None:
    outside = outside_model(settings(address or server.address, server_model=model))
    async with served_brick(
        "brickwork_llm", LlmSettings, register, tmp_path, engine="real", outside=outside
    ) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            await generate(channel)
    assert error_from_rpc(caught.value).reason is reason


async def test_any_server_with_chat_completions_takes_the_memory_of_its_client_only(
    tmp_path: Path,
) -> None:
    with llm_server("vllm", MODEL_BYTES) as other:
        outside = outside_model(settings(other.address, server_kind="openai"))
        assert outside is not None
        assert outside.entry.footprint_bytes == CLIENT_BYTES
        async with served_brick(
            "brickwork_llm", LlmSettings, register, tmp_path, engine="real", outside=outside
        ) as channel:
            assert (await generate(channel))[-1].usage.prompt_token_count == 3
            stub: llm_pb2_grpc.LlmServiceAsyncStub = llm_pb2_grpc.LlmServiceStub(channel)
            asked = pb.ChatMessage(role=pb.CHAT_ROLE_USER, text="one two")
            count = await stub.CountTokens(
                pb.CountTokensRequest(messages=[asked]), timeout=CALL_SECONDS
            )
            assert (count.token_count, count.model.name) == (2, "toy")


@pytest.mark.parametrize(
    ("others", "setting"),
    [
        ({"server_model": ""}, "BRICKWORK_LLM_SERVER_MODEL"),
        ({"server_kind": "vllm", "server_memory_bytes": 0}, "BRICKWORK_LLM_SERVER_MEMORY_BYTES"),
    ],
)
def test_a_setting_that_is_missing_is_named(others: dict[str, Any], setting: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        outside_model(settings("http://127.0.0.1:8000", **others))
    assert caught.value.reason is Reason.SETTING_INVALID
    assert caught.value.metadata == {"setting": setting}


@pytest.mark.parametrize("address", ["127.0.0.1:11434", "http://user:word@host", "http://host/v1"])
def test_an_address_with_more_or_less_than_host_and_port_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="server_address"):
        settings(address)


def test_a_brick_without_a_server_serves_its_catalogue() -> None:
    assert outside_model(settings("")) is None


def test_a_name_that_no_model_may_have_here_becomes_one_that_it_may() -> None:
    outside = outside_model(settings("http://127.0.0.1:8000", server_model="Qwen/Qwen3-0.6B"))
    assert outside is not None
    assert outside.entry.name == "qwen-qwen3-0.6b"


def test_the_key_of_the_server_is_not_shown() -> None:
    assert "sesame" not in repr(settings("http://127.0.0.1:8000", server_api_key="sesame"))
