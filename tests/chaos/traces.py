"""What must not be left of trouble: processes, tokens, half files."""

import time
from collections.abc import Callable

import grpc
import httpx
import psutil

from brickwork.broker.v1 import broker_pb2, broker_pb2_grpc
from tests.conftest import Mesh

SETTLE_SECONDS_MAX = 60.0
"""A mesh is whole again so long after the last blow and the last job: what was struck last must
start, and a broker that was killed waits up to 30 s for its holders."""
CALL_SECONDS = 10.0


def check_nothing_is_left(mesh: Mesh) -> None:
    """Assert that all processes stand, and that nothing of a dead one is left."""
    for what in (
        _has_no_open_job,
        _is_ready,
        _has_no_stray,
        _has_no_half_file,
        _lends_only_to_the_living,
    ):
        _soon(what, mesh)


def _soon(holds: Callable[[Mesh], str], mesh: Mesh) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while fault := holds(mesh):
        assert time.monotonic() < deadline, fault
        time.sleep(0.2)


def _has_no_open_job(mesh: Mesh) -> str:
    """Look at all jobs: one whose caller heard no answer is a job too, and ends as well."""
    jobs = httpx.get(f"{mesh.address}/v1/jobs?limit=500", timeout=CALL_SECONDS).json()["jobs"]
    is_over = [one for one in jobs if one["state"] not in ("running", "completed", "cancelled")]
    assert not is_over, is_over
    return "a job still runs" if any(one["state"] == "running" for one in jobs) else ""


def _is_ready(mesh: Mesh) -> str:
    waiting = [one["name"] for one in mesh.status()["processes"] if one["state"] != "ready"]
    return f"not ready: {waiting}" if waiting else ""


def _has_no_stray(mesh: Mesh) -> str:
    supervisor = psutil.Process(mesh.status()["supervisor_pid"])
    tree = {supervisor.pid, *(one.pid for one in supervisor.children(recursive=True))}
    strays = [one for one in mesh.processes() if one.pid not in tree and one.is_running()]
    return f"belongs to nobody: {strays}" if strays else ""


def _has_no_half_file(mesh: Mesh) -> str:
    left = [*mesh.home.rglob("*.part"), *mesh.home.rglob("*.upload"), *mesh.home.rglob("*.new")]
    return f"half written: {left}" if left else ""


def _lends_only_to_the_living(mesh: Mesh) -> str:
    """Compare the tokens with the engine processes that live, brick by brick."""
    with grpc.insecure_channel(mesh.address_of("broker")) as channel:
        answer = broker_pb2_grpc.BrokerServiceStub(channel).ListVramTokens(
            broker_pb2.ListVramTokensRequest(), timeout=CALL_SECONDS, wait_for_ready=True
        )
    held = sorted(
        (token.holder, broker_pb2.TokenState.Name(token.state)) for token in answer.tokens
    )
    engines = sorted(
        (name, "TOKEN_STATE_GRANTED")
        for name in ("asr", "diarize", "ocr", "translate", "llm")
        for one in mesh.process(name).children()
        if "brickwork_sdk.engine.child" in one.cmdline()
    )
    return f"tokens {held}, engines {engines}" if held != engines else ""
