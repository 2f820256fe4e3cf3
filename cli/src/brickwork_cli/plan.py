"""Which processes make a mesh, and with which settings; pure."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from brickwork_cli.home import Home

BRICKS = ("asr", "diarize", "ocr", "translate", "llm")
WORK_CLASSES = ("interactive", "batch")


@dataclass(frozen=True)
class ProcessPlan:
    """How to start one process and how to know that it is ready.

    Attributes:
        name: its name in the mesh.
        level: a process uses only those of lower levels; the highest are ended first, so that what
            they still do does not fail for want of the others.
        command: program and words.
        settings: variables of its environment, besides those it inherits.
        address: `unix:` or `http:` address that answers once it is ready; empty where the
            process serves nobody.
    """

    name: str
    level: int
    command: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    address: str = ""


def plan_mesh(
    home: Home, valkey: str, port: int, engine: str, capacity_bytes: int | None
) -> list[ProcessPlan]:
    """List the processes of a mesh in the order in which they are started."""
    return [
        _valkey(home, valkey),
        _broker(home, capacity_bytes),
        *(_brick(home, name, engine) for name in BRICKS),
        _gateway(home, port),
        *(_worker(home, work_class, port) for work_class in WORK_CLASSES),
    ]


def _valkey(home: Home, program: str) -> ProcessPlan:
    # It only carries messages that the job ledger can send again, so nothing is written to disk.
    address = home.socket("valkey")
    command = (
        *(program, "--port", "0", "--unixsocket", address.removeprefix("unix:")),
        *("--unixsocketperm", "700", "--save", "", "--appendonly", "no"),
        *("--dir", str(home.state), "--daemonize", "no"),
        *("--maxmemory", "64mb", "--maxmemory-policy", "noeviction"),
    )
    return ProcessPlan("valkey", 0, command, address=address)


def _broker(home: Home, capacity_bytes: int | None) -> ProcessPlan:
    address = home.socket("broker")
    settings = {
        "BRICKWORK_BROKER_LISTEN": address,
        "BRICKWORK_BROKER_STATE_DIR": str(home.state / "broker"),
    }
    if capacity_bytes is not None:
        settings["BRICKWORK_BROKER_CAPACITY_BYTES"] = str(capacity_bytes)
    return ProcessPlan("broker", 0, _module("brickwork_broker"), settings, address)


def _brick(home: Home, name: str, engine: str) -> ProcessPlan:
    prefix = f"BRICKWORK_{name.upper()}_"
    settings = {
        f"{prefix}LISTEN": home.socket(name),
        f"{prefix}BROKER": home.socket("broker"),
        f"{prefix}MODELS_DIR": str(home.models),
        f"{prefix}OBJECTS_DIR": str(home.objects),
        f"{prefix}ENGINE": engine,
    }
    return ProcessPlan(name, 1, _module(f"brickwork_{name}"), settings, home.socket(name))


def _gateway(home: Home, port: int) -> ProcessPlan:
    command = _module("brickwork_gateway")
    return ProcessPlan("gateway", 2, command, _gateway_settings(home, port), base_address(port))


def _worker(home: Home, work_class: str, port: int) -> ProcessPlan:
    name = f"worker-{work_class}"
    command = (*_module("brickwork_gateway.worker"), "--class", work_class)
    address = home.socket(name)
    settings = {
        **_gateway_settings(home, port),
        "BRICKWORK_GATEWAY_WORKER_LISTEN": address,
    }
    return ProcessPlan(name, 2, command, settings, address)


def _gateway_settings(home: Home, port: int) -> dict[str, str]:
    settings = {
        "BRICKWORK_GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "BRICKWORK_GATEWAY_STATE_DIR": str(home.state / "gateway"),
        "BRICKWORK_GATEWAY_OBJECTS_DIR": str(home.objects),
        "BRICKWORK_GATEWAY_VALKEY": home.socket("valkey").replace("unix:", "unix://"),
    }
    for name in BRICKS:
        settings[f"BRICKWORK_GATEWAY_{name.upper()}"] = home.socket(name)
    return settings


def base_address(port: int) -> str:
    """Return the base address of the gateway."""
    return f"http://127.0.0.1:{port}"


def _module(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name)
