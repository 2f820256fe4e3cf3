import asyncio

from brickwork.broker.v1alpha1 import broker_pb2
from brickwork_sdk.testing.broker import scripted_broker
from brickwork_sdk.vram.renewal import Renewer


async def test_a_goodbye_that_was_not_heard_is_said_before_the_end() -> None:
    async with scripted_broker() as (broker, address):
        broker.held["asr-1"] = 1
        renewer = Renewer(address)
        renewer.say_goodbye(broker_pb2.ReleaseVramTokenRequest(token_id="asr-1"))
        await asyncio.to_thread(renewer.stop)
        assert broker.held == {}
