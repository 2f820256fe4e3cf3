"""Serve the translate brick: `python -m brickwork_translate`."""

import grpc.aio

from brickwork.translate.v1 import translate_pb2_grpc
from brickwork_sdk.brick import run_brick
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.slots import Slots
from brickwork_translate.servicer import SERVICE_NAME, TranslateServicer
from brickwork_translate.settings import TranslateSettings


def main() -> int:
    """Run until asked to stop."""
    return run_brick("brickwork_translate", TranslateSettings.load, SERVICE_NAME, register)


def register(server: grpc.aio.Server, slots: Slots, objects: ObjectStore) -> None:
    """Add the brick's servicer to a server; texts travel inline and need no objects."""
    translate_pb2_grpc.add_TranslateServiceServicer_to_server(TranslateServicer(slots), server)


if __name__ == "__main__":
    raise SystemExit(main())
