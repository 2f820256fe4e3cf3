"""A mesh on a GPU: the broker lends its memory, and sees what NVML sees."""

import time
from pathlib import Path

import grpc
import pytest

from brickwork.broker.v1 import broker_pb2, broker_pb2_grpc
from brickwork.control.v1 import control_pb2, control_pb2_grpc
from tests.conftest import Mesh
from tests.gpu.conftest import Reading

pytestmark = [pytest.mark.gpu, pytest.mark.models]

ROOT = Path(__file__).resolve().parents[2]
CALL_SECONDS = 300.0
NOISE_BYTES = 64 * 1024 * 1024
FREE_SECONDS_MAX = 10.0
MODELS = {
    "asr": "whisper-base",
    "diarize": "pyannote-ge2e",
    "ocr": "pp-ocrv6-small",
    "llm": "smollm2-135m-instruct",
}


def test_every_model_is_lent_memory_of_the_gpu_and_gives_it_back(
    idle_home: Mesh, used_bytes: Reading
) -> None:
    before = used_bytes()
    models_dir = ROOT / ".brickwork" / "models"
    started = idle_home.handle("up", "--device", "cuda", engine="real", models_dir=models_dir)
    assert started.returncode == 0, started.stderr
    try:
        with grpc.insecure_channel(idle_home.address_of("broker")) as channel:
            broker = broker_pb2_grpc.BrokerServiceStub(channel)
            for brick, model in MODELS.items():
                _see_model(idle_home, brick, model, broker, used_bytes)
            began = time.monotonic()
            while used_bytes() > before + NOISE_BYTES:
                assert time.monotonic() - began < FREE_SECONDS_MAX
                time.sleep(0.05)
    finally:
        assert idle_home.handle("down").returncode == 0


def _see_model(
    mesh: Mesh,
    brick: str,
    model: str,
    broker: broker_pb2_grpc.BrokerServiceStub,
    used_bytes: Reading,
) -> None:
    """Load a model, compare what the broker tells with what NVML tells, and unload it."""
    with grpc.insecure_channel(mesh.address_of(brick)) as channel:
        control = control_pb2_grpc.ControlServiceStub(channel)
        loaded = control.LoadModel(control_pb2.LoadModelRequest(model=model), timeout=CALL_SECONDS)
        assert loaded.model.model.device == "cuda:0"
        [device] = broker.GetCapacity(broker_pb2.GetCapacityRequest(), timeout=CALL_SECONDS).devices
        tokens = broker.ListVramTokens(
            broker_pb2.ListVramTokensRequest(), timeout=CALL_SECONDS
        ).tokens
        assert device.device == "cuda:0"
        assert abs(device.used_bytes - used_bytes()) <= NOISE_BYTES
        [token] = [one for one in tokens if one.purpose == model]
        assert token.device == "cuda:0"
        assert token.granted_bytes == loaded.model.granted_bytes
        assert token.measured_bytes <= token.granted_bytes
        control.UnloadModel(control_pb2.UnloadModelRequest(model=model), timeout=CALL_SECONDS)
