# A servicer here leaves out the RPCs that no test calls.
# mypy: disable-error-code="abstract"

import asyncio
import logging
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
import pytest
from opentelemetry import trace
from prometheus_client import REGISTRY, Gauge

from brickwork.llm.v1 import llm_pb2, llm_pb2_grpc
from brickwork_sdk.channels import rpc_errors
from brickwork_sdk.errors import BrickworkError, InvalidInput, Reason
from brickwork_sdk.telemetry.sample import Sample
from brickwork_sdk.telemetry.span import SpanKind, span, trace_id, traceparent
from brickwork_sdk.telemetry.tracing import FLUSH_SECONDS_MAX
from brickwork_sdk.testing.server import served
from brickwork_sdk.testing.telemetry import recorded_spans

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
    llm, before = Llm(), calls_ended("INVALID_ARGUMENT")
    async with served(llm.register) as channel:
        stub = llm_pb2_grpc.LlmServiceStub(channel)
        with recorded_spans() as spans, trace.get_tracer("test").start_as_current_span("caller"):
            mine = trace_id()
            call = stub.GenerateText(llm_pb2.GenerateTextRequest(), timeout=30)
            with pytest.raises(BrickworkError), rpc_errors("test"):
                await call.read()
    assert mine is not None
    assert llm.trace_ids == [mine]
    answer = next(one for one in spans.get_finished_spans() if one.kind is SpanKind.SERVER)
    assert answer.name == RPC
    assert answer.attributes == {
        "brickwork.reason": "MESSAGES_INVALID",
        "rpc.system": "grpc",
        "rpc.service": "brickwork.llm.v1.LlmService",
        "rpc.method": "GenerateText",
        "rpc.grpc.status_code": 3,
    }
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


def test_a_trace_goes_on_after_a_border_and_begins_anew_without_one() -> None:
    with recorded_spans() as spans:
        with span("above"):
            carried, above = traceparent(), trace_id()
        with span("below", parent=carried):
            assert trace_id() == above
        with span("alone", parent="no traceparent"):
            assert trace_id() not in (above, None)
    assert traceparent() == ""
    below = next(one for one in spans.get_finished_spans() if one.name == "below")
    assert below.parent is not None
    assert carried.split("-")[2] == f"{below.parent.span_id:016x}"


def test_a_span_tells_why_it_failed_and_not_what_was_said() -> None:
    with recorded_spans() as spans:
        with pytest.raises(KeyError), span("stage"):
            raise KeyError("the words of a recording")
        with pytest.raises(InvalidInput), span("stage"):
            raise InvalidInput(Reason.TEXT_TOO_LONG, "the words of a recording")
        foreign, ours = spans.get_finished_spans()
    assert foreign.status.description == "KeyError"
    assert ours.status.description == "TEXT_TOO_LONG"
    assert ours.attributes == {"brickwork.reason": "TEXT_TOO_LONG"}
    assert "words" not in foreign.to_json() + ours.to_json()


SENDER = """
import sys, time
from brickwork_sdk.telemetry.span import span
from brickwork_sdk.telemetry.tracing import traced

with traced("test", sys.argv[1]):
    began = time.monotonic()
    for _ in range(5000):
        with span("work"):
            pass
    print(time.monotonic() - began)
    began = time.monotonic()
print(time.monotonic() - began)
"""


def seconds_of_sender(endpoint: str) -> list[float]:
    """Return how long 5,000 spans took in a process of their own, and how long its end took."""
    command = [sys.executable, "-c", SENDER, endpoint]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return [float(line) for line in done.stdout.split()]


def test_a_sink_that_is_away_or_never_answers_holds_neither_work_nor_the_end_of_a_process() -> None:
    undisturbed, _ = seconds_of_sender("")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        silenced, silenced_end = seconds_of_sender(f"http://127.0.0.1:{port}")
    away, away_end = seconds_of_sender(f"http://127.0.0.1:{port}")
    # Ten times what it costs unsent: loose for a busy machine, and far from the 5 s of one try.
    assert max(silenced, away) < 10 * undisturbed + 1
    assert max(silenced_end, away_end) < FLUSH_SECONDS_MAX + 2


def test_a_sample_is_read_when_it_is_asked_for() -> None:
    gauge = Gauge("brickwork_test", "A test.", ["name"], registry=None)
    names = iter(["first", "second"])
    sample = Sample([gauge], lambda: gauge.labels(next(names)).set(1))
    labels = [
        [one.labels for one in metric.samples] for _ in range(2) for metric in sample.collect()
    ]
    assert labels == [[{"name": "first"}], [{"name": "second"}]]
