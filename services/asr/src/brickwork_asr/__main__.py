"""Serve the asr brick: `python -m brickwork_asr`."""

import grpc.aio

from brickwork.asr.v1 import asr_pb2_grpc
from brickwork_asr.servicer import SERVICE_NAME, AsrServicer
from brickwork_asr.settings import AsrSettings
from brickwork_sdk.brick import run_brick
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.slots import Slots


def main() -> int:
    """Run until asked to stop."""
    return run_brick("brickwork_asr", AsrSettings.load, SERVICE_NAME, register)


def register(server: grpc.aio.Server, slots: Slots, objects: ObjectStore) -> None:
    """Add the brick's servicer to a server."""
    asr_pb2_grpc.add_AsrServiceServicer_to_server(AsrServicer(slots, objects), server)


if __name__ == "__main__":
    raise SystemExit(main())
