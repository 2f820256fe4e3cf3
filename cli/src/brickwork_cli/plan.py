"""Which processes make a mesh, and with which settings; pure."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from brickwork_cli.home import Home
from brickwork_cli.scale import replica_names

BRICKS = ("asr", "diarize", "ocr", "translate", "llm")
WORK_CLASSES = ("interactive", "batch")
SCALABLE = (*BRICKS, *(f"worker-{work_class}" for work_class in WORK_CLASSES))
"""What may have several processes; the others keep state, or the one port that people know."""


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
        service: what it is a process of: `asr` of `asr-1`; itself where there is only one.
    """

    name: str
    level: int
    command: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    service: str = ""

    def __post_init__(self) -> None:
        if not self.service:
            object.__setattr__(self, "service", self.name)


def plan_mesh(
    home: Home,
    valkey: str,
    port: int,
    engine: str,
    capacity_bytes: int | None,
    scale: Mapping[str, int],
) -> list[ProcessPlan]:
    """List the processes of a mesh in the order in which they are started.

    Args:
        home: where it lives.
        valkey: program of the Valkey server.
        port: TCP port of the gateway.
        engine: which engines answer, `real` or `scripted`.
        capacity_bytes: what the broker may lend; None lets it decide.
        scale: how many processes a service has, where it is not one.
    """
    bricks = {brick: replica_names(brick, scale) for brick in BRICKS}
    door = _gateway_settings(home, port, bricks)
    return [
        _valkey(home, valkey),
        _broker(home, capacity_bytes),
        *(_brick(home, brick, name, engine) for brick in BRICKS for name in bricks[brick]),
        ProcessPlan("gateway", 2, _module("brickwork_gateway"), door, base_address(port)),
        *(
            _worker(home, work_class, name, door)
            for work_class in WORK_CLASSES
            for name in replica_names(f"worker-{work_class}", scale)
        ),
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
        "BRICKWORK_BROKER_ADMIN_LISTEN": home.socket("broker-admin"),
        "BRICKWORK_BROKER_STATE_DIR": str(home.state / "broker"),
    }
    if capacity_bytes is not None:
        settings["BRICKWORK_BROKER_CAPACITY_BYTES"] = str(capacity_bytes)
    return ProcessPlan("broker", 0, _module("brickwork_broker"), settings, address)


def _brick(home: Home, brick: str, name: str, engine: str) -> ProcessPlan:
    prefix = f"BRICKWORK_{brick.upper()}_"
    settings = {
        f"{prefix}LISTEN": home.socket(name),
        f"{prefix}BROKER": home.socket("broker"),
        f"{prefix}MODELS_DIR": str(home.models),
        f"{prefix}OBJECTS_DIR": str(home.objects),
        f"{prefix}ENGINE": engine,
    }
    if brick == "diarize":  # the one that keeps something: voice prints
        settings[f"{prefix}STATE_DIR"] = str(home.state / brick)
    return ProcessPlan(
        name, 1, _module(f"brickwork_{brick}"), settings, home.socket(name), service=brick
    )


def _worker(home: Home, work_class: str, name: str, door: Mapping[str, str]) -> ProcessPlan:
    command = (*_module("brickwork_gateway.worker"), "--class", work_class)
    address = home.socket(name)
    settings = {**door, "BRICKWORK_GATEWAY_WORKER_LISTEN": address}
    return ProcessPlan(name, 2, command, settings, address, service=f"worker-{work_class}")


def _gateway_settings(home: Home, port: int, bricks: Mapping[str, Sequence[str]]) -> dict[str, str]:
    settings = {
        "BRICKWORK_GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "BRICKWORK_GATEWAY_STATE_DIR": str(home.state / "gateway"),
        "BRICKWORK_GATEWAY_OBJECTS_DIR": str(home.objects),
        "BRICKWORK_GATEWAY_BROKER": home.socket("broker"),
        "BRICKWORK_GATEWAY_VALKEY": home.socket("valkey").replace("unix:", "unix://"),
    }
    for brick, names in bricks.items():
        addresses = ",".join(home.socket(name) for name in names)
        settings[f"BRICKWORK_GATEWAY_{brick.upper()}"] = addresses
    return settings


def base_address(port: int) -> str:
    """Return the base address of the gateway."""
    return f"http://127.0.0.1:{port}"


def _module(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name)
