"""Serve the ocr brick: `python -m brickwork_ocr`."""

import grpc.aio

from brickwork.ocr.v1 import ocr_pb2_grpc
from brickwork_ocr.servicer import SERVICE_NAME, OcrServicer
from brickwork_ocr.settings import OcrSettings
from brickwork_sdk.brick import run_brick
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.slots import Slots


def main() -> int:
    """Run until asked to stop."""
    return run_brick("brickwork_ocr", OcrSettings.load, SERVICE_NAME, register)


def register(server: grpc.aio.Server, slots: Slots, objects: ObjectStore) -> None:
    """Add the brick's servicer to a server."""
    ocr_pb2_grpc.add_OcrServiceServicer_to_server(OcrServicer(slots, objects), server)


if __name__ == "__main__":
    raise SystemExit(main())
