"""A mesh of the benchmark's own, with its models loaded before anything is measured."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

import grpc

from brickwork.control.v1 import control_pb2, control_pb2_grpc
from brickwork_cli.gateway_client import GatewayClient
from brickwork_cli.mesh import private_mesh
from brickwork_cli.mesh_state import MeshState
from brickwork_cli.plan import BRICKS
from brickwork_cli.settings import CliSettings
from tools.bench.plain_engines import MODELS

HOME = MODELS.parent / "bench"
_LOAD_SECONDS_MAX = 300.0
_IDLE_SECONDS = "36000"


@contextmanager
def mesh(
    engine: Literal["real", "scripted"] = "real",
    device: Literal["cpu", "cuda"] = "cpu",
    scale: str = "",
) -> Iterator[MeshState]:
    """Run a mesh whose models stay loaded, one thread for each engine.

    Args:
        engine: which engines answer.
        device: where they compute.
        scale: services that have several processes, such as `asr=2`.
    """
    for brick in BRICKS:
        os.environ[f"BRICKWORK_{brick.upper()}_IDLE_UNLOAD_SECONDS"] = _IDLE_SECONDS
        os.environ[f"BRICKWORK_{brick.upper()}_THREADS"] = "1"
    settings = CliSettings(home=HOME, models_dir=MODELS, engine=engine, device=device, scale=scale)
    with private_mesh(settings) as state:
        yield state


def address(state: MeshState, name: str) -> str:
    """Return where a part of the mesh serves."""
    [found] = [part.address for part in state.processes if part.name == name]
    return found


def load_models(state: MeshState, models: Mapping[str, str]) -> None:
    """Load a model of each of these bricks, or replicas of bricks."""
    for brick, model in models.items():
        with grpc.insecure_channel(address(state, brick)) as channel:
            control_pb2_grpc.ControlServiceStub(channel).LoadModel(
                control_pb2.LoadModelRequest(model=model), timeout=_LOAD_SECONDS_MAX
            )


def run_job(state: MeshState, recording: Path) -> float:
    """Send a recording in, with a translation and a summary, and follow it to its end.

    Returns:
        Seconds from the first byte that is sent to the last event that is read.

    Raises:
        RuntimeError: the job did not complete, or something is missing of its result.
    """
    with closing(GatewayClient(state.gateway)) as client:
        began = time.monotonic()
        wanted = {"translate": "pt", "summary": "true", "class": "interactive"}
        job_id = str(client.create_job(recording, wanted)["job_id"])
        for _ in client.events(job_id):
            pass
        seconds = time.monotonic() - began
        job = client.job(job_id)
    if job["state"] != "completed" or job["missing"]:
        raise RuntimeError(f"the job is {job['state']}: {job['error']}, {job['missing']}")
    return seconds
