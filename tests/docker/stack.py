"""A mesh in containers, as `compose/compose.yaml` describes it, for the tests of this folder."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import free_port
from tools.images import ROOT, SERVICES, version

START_SECONDS_MAX = 240
COMMAND_SECONDS_MAX = 300.0
JOB_SECONDS_MAX = 600.0
LIST_TOKENS = """
import grpc, json
from google.protobuf.json_format import MessageToDict
from brickwork.broker.v1 import broker_pb2, broker_pb2_grpc
with grpc.insecure_channel("127.0.0.1:50051") as channel:
    stub = broker_pb2_grpc.BrokerServiceStub(channel)
    answer = stub.ListVramTokens(broker_pb2.ListVramTokensRequest(), timeout=10)
print(json.dumps([MessageToDict(token) for token in answer.tokens]))
"""


def lacking() -> str:
    """Return what these tests lack on this machine, or nothing."""
    if shutil.which("docker") is None or _run(["docker", "info"]).returncode:
        return "no Docker engine answers"
    if not compose_command():
        return "neither `docker compose` nor `docker-compose` is there"
    for service in SERVICES:
        if _run(["docker", "image", "inspect", f"brickwork-{service}:{version()}"]).returncode:
            return f"there is no image of {service}: run `make images`"
    return ""


def compose_command() -> list[str]:
    """Return the words that run Compose here, or none."""
    if _run(["docker", "compose", "version"]).returncode == 0:
        return ["docker", "compose"]
    beside = Path(sys.executable).with_name("docker-compose")
    program = shutil.which("docker-compose") or (str(beside) if beside.exists() else None)
    return [program] if program else []


@dataclass(frozen=True)
class Stack:
    """A project of Compose that runs.

    Attributes:
        project: its name, which all that belongs to it carries.
        port: where its gateway is published on loopback.
        settings: variables that the Compose file reads.
    """

    project: str
    port: int
    settings: Mapping[str, str]

    @property
    def address(self) -> str:
        """Base address of the gateway."""
        return f"http://127.0.0.1:{self.port}"

    def compose(self, *words: str, given: str | None = None) -> str:
        """Run a command of Compose in this project and return what it prints."""
        command = [*compose_command(), "--file", str(ROOT / "compose" / "compose.yaml")]
        done = subprocess.run(
            [*command, "--project-name", self.project, *words],
            env={**os.environ, **self.settings},
            input=given,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def containers(self, service: str = "") -> list[dict[str, Any]]:
        """Return what the engine tells of the containers of a service, or of all."""
        identifiers = self.compose("ps", "--all", "--quiet", *([service] if service else []))
        done = _run(["docker", "inspect", *identifiers.split()])
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def network(self, name: str) -> dict[str, Any]:
        """Return what the engine tells of a network."""
        (found,) = json.loads(_run(["docker", "network", "inspect", name]).stdout)
        assert isinstance(found, dict)
        return found

    def tokens(self) -> list[dict[str, Any]]:
        """Return what the broker lends now."""
        told = self.compose("exec", "-T", "broker", "python", "-", given=LIST_TOKENS)
        found: list[dict[str, Any]] = json.loads(told)
        return found

    def result_of(self, recording: Path) -> dict[str, Any]:
        """Send a recording in, wait for its job to end and return the result."""
        wishes = {"translate": "pt", "summary": "true"}
        with httpx.Client(base_url=self.address, timeout=JOB_SECONDS_MAX) as http:
            answer = http.post("/v1/jobs", params=wishes, content=recording.read_bytes())
            assert answer.status_code == 201, answer.text
            path = f"/v1/jobs/{answer.json()['job_id']}"
            assert '"state": "completed"' in http.get(f"{path}/events").text
            names = [one["name"] for one in http.get(f"{path}/artifacts").json()["artifacts"]]
            (name,) = (name for name in names if name.endswith(".json"))
            found: dict[str, Any] = http.get(f"{path}/artifacts/{name}").json()
        return found

    def leftovers(self) -> list[str]:
        """Return the containers, networks and volumes that are still there."""
        label = f"label=com.docker.compose.project={self.project}"
        kinds = (["ps", "--all"], ["network", "ls"], ["volume", "ls"])
        listings = [_run(["docker", *kind, "--quiet", "--filter", label]) for kind in kinds]
        return [line for listing in listings for line in listing.stdout.split()]


@contextmanager
def running_stack(name: str, *words: str, **settings: str) -> Iterator[Stack]:
    """Run a mesh in containers; at its end nothing of it may be left.

    Args:
        name: part of the project's name.
        words: more words for `docker compose up`.
        settings: variables for the Compose file, besides the port.
    """
    port = free_port()
    named = {name.upper(): value for name, value in settings.items()}
    stack = Stack(f"brickwork-{name}-{port}", port, {"BRICKWORK_PORT": str(port), **named})
    try:
        wait = ("--wait", "--wait-timeout", str(START_SECONDS_MAX))
        stack.compose("up", "--detach", *wait, *words)
        yield stack
    finally:
        stack.compose("down", "--volumes")
        assert stack.leftovers() == []


def _run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX)
