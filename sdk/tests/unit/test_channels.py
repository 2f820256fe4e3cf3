import asyncio
from typing import Any

from brickwork.broker.v1alpha1 import broker_pb2, broker_pb2_grpc
from brickwork_sdk.testing.broker import ScriptedBroker
from brickwork_sdk.testing.server import served


class PatientBroker(ScriptedBroker):
    """Answers nothing until its caller leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.ended = asyncio.Event(), asyncio.Event()

    async def AcquireVramToken(
        self, request: broker_pb2.AcquireVramTokenRequest, context: Any
    ) -> broker_pb2.AcquireVramTokenResponse:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()
        return broker_pb2.AcquireVramTokenResponse()


async def test_a_caller_that_leaves_ends_a_call_with_one_answer() -> None:
    patient = PatientBroker()
    async with served(
        lambda server: broker_pb2_grpc.add_BrokerServiceServicer_to_server(patient, server)
    ) as channel:
        stub = broker_pb2_grpc.BrokerServiceStub(channel)
        call = stub.AcquireVramToken(broker_pb2.AcquireVramTokenRequest(), timeout=60)
        await patient.begun.wait()
        call.cancel()
        async with asyncio.timeout(30):
            await patient.ended.wait()
