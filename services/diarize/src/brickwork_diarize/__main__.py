"""Serve the diarize brick: `python -m brickwork_diarize`."""

from pathlib import Path

import grpc.aio

from brickwork.diarize.v1 import diarize_pb2_grpc, voice_prints_pb2_grpc
from brickwork_diarize import servicer, voice_print_servicer
from brickwork_diarize.sample import Sampler
from brickwork_diarize.servicer import DiarizeServicer
from brickwork_diarize.settings import DiarizeSettings
from brickwork_diarize.voice_print_servicer import VoicePrintServicer
from brickwork_diarize.voice_print_store import VoicePrintStore
from brickwork_sdk.brick import run_brick
from brickwork_sdk.intake import Intake
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.slots import Slots


def main() -> int:
    """Run until asked to stop."""
    loaded: list[DiarizeSettings] = []

    def load_settings() -> DiarizeSettings:
        loaded.append(DiarizeSettings.load())
        return loaded[-1]

    def register_all(server: grpc.aio.Server, slots: Slots, objects: ObjectStore) -> None:
        register(server, slots, objects, loaded[-1].state_dir)

    return run_brick(
        "brickwork_diarize",
        load_settings,
        servicer.SERVICE_NAME,
        register_all,
        further_services=(voice_print_servicer.SERVICE_NAME,),
    )


def register(
    server: grpc.aio.Server, slots: Slots, objects: ObjectStore, state_dir: Path | None = None
) -> None:
    """Add the brick's servicers to a server."""
    store = VoicePrintStore(state_dir) if state_dir else None
    intake = Intake(objects)
    sampler = Sampler(slots, intake)
    diarize_pb2_grpc.add_DiarizeServiceServicer_to_server(
        DiarizeServicer(slots, intake, sampler, store), server
    )
    voice_prints_pb2_grpc.add_VoicePrintServiceServicer_to_server(
        VoicePrintServicer(sampler, store), server
    )


if __name__ == "__main__":
    raise SystemExit(main())
