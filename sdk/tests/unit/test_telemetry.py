import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
import pytest
from opentelemetry import trace
from prometheus_client import REGISTRY

from brickwork.llm.v1 import llm_pb2, llm_pb2_grpc
from brickwork_sdk.channels import rpc_errors
from brickwork_sdk.errors import BrickworkError, InvalidInput, Reason
from brickwork_sdk.telemetry.span import trace_id
from brickwork_sdk.telemetry.tracing import start_tracing
from brickwork_sdk.testing.server import served

RPC = "/brickwork.llm.v1.LlmService/GenerateText"


class Llm(llm_pb2_grpc.LlmServiceServicer):
    """Notes the trace of each call; an empty conversation is refused."""

    def __init__(self) -> None:
        self.trace_ids: list[str | None] = []
        self.ended = asyncio.Event()

    async def GenerateText(
        self, request: llm_pb2.GenerateTextRequest, context: Any
    ) -> AsyncIterator[llm_pb2.GenerateTextResponse]:
        self.trace_ids.append(trace_id())
        if not request.messages:
            raise InvalidInput(Reason.MESSAGES_INVALID, "Nothing was said.")
        try:
            yield llm_pb2.GenerateTextResponse()
            await asyncio.Event().wait()
        finally:
            self.ended.set()

    def register(self, server: grpc.aio.Server) -> None:
        llm_pb2_grpc.add_LlmServiceServicer_to_server(self, server)


def calls_ended(code: str) -> float:
    labels = {"rpc": RPC, "code": code}
    return REGISTRY.get_sample_value("brickwork_rpc_total", labels) or 0.0


async def test_a_refused_call_is_counted_and_carries_the_trace_of_its_caller() -> None:
    start_tracing("test", "")
    llm, before = Llm(), calls_ended("INVALID_ARGUMENT")
    async with served(llm.register) as channel:
        stub = llm_pb2_grpc.LlmServiceStub(channel)
        with trace.get_tracer("test").start_as_current_span("caller"):
            mine = trace_id()
            call = stub.GenerateText(llm_pb2.GenerateTextRequest(), timeout=30)
            with pytest.raises(BrickworkError), rpc_errors("test"):
                await call.read()
    assert mine is not None
    assert llm.trace_ids == [mine]
    assert calls_ended("INVALID_ARGUMENT") == before + 1


async def test_a_call_that_is_left_is_counted_and_nothing_is_complained_about(
    caplog: pytest.LogCaptureFixture,
) -> None:
    llm, before = Llm(), calls_ended("CANCELLED")
    async with served(llm.register) as channel:
        request = llm_pb2.GenerateTextRequest(messages=[llm_pb2.ChatMessage(text="hello")])
        call = llm_pb2_grpc.LlmServiceStub(channel).GenerateText(request, timeout=30)
        await anext(aiter(call))
        call.cancel()
        async with asyncio.timeout(30):
            await llm.ended.wait()
    assert calls_ended("CANCELLED") == before + 1
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []
