"""Serve the llm brick: `python -m brickwork_llm`."""

import grpc.aio

from brickwork.llm.v1 import llm_pb2_grpc
from brickwork_llm.server_model import outside_model
from brickwork_llm.servicer import SERVICE_NAME, LlmServicer
from brickwork_llm.settings import LlmSettings
from brickwork_sdk.brick import run_brick
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.slots import Slots


def main() -> int:
    """Run until asked to stop."""
    return run_brick("brickwork_llm", LlmSettings.load, SERVICE_NAME, register, outside_model)


def register(server: grpc.aio.Server, slots: Slots, objects: ObjectStore) -> None:
    """Add the brick's servicer to a server."""
    llm_pb2_grpc.add_LlmServiceServicer_to_server(LlmServicer(slots), server)


if __name__ == "__main__":
    raise SystemExit(main())
