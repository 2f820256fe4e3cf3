"""Serve the diarize brick: `python -m brickwork_diarize`."""

import grpc.aio

from brickwork.diarize.v1 import diarize_pb2_grpc
from brickwork_diarize.servicer import SERVICE_NAME, DiarizeServicer
from brickwork_diarize.settings import DiarizeSettings
from brickwork_sdk.brick import run_brick
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.slots import Slots


def main() -> int:
    """Run until asked to stop."""
    return run_brick("brickwork_diarize", DiarizeSettings.load, SERVICE_NAME, register)


def register(server: grpc.aio.Server, slots: Slots, objects: ObjectStore) -> None:
    """Add the brick's servicer to a server."""
    servicer = DiarizeServicer(slots, objects)
    diarize_pb2_grpc.add_DiarizeServiceServicer_to_server(servicer, server)


if __name__ == "__main__":
    raise SystemExit(main())
