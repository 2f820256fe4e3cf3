"""The audit log of a running mesh, as an operator reads it."""

import json
import shutil
from pathlib import Path

import grpc
import pytest

from brickwork.broker.v1 import admin_pb2, admin_pb2_grpc
from brickwork.control.v1 import control_pb2, control_pb2_grpc
from brickwork_cli.home import Home
from brickwork_sdk.audit.segments import segment_path
from tests.conftest import Mesh

CALL_SECONDS = 60.0


@pytest.fixture(scope="module")
def used(mesh: Mesh) -> Mesh:
    """A mesh in which a model was loaded."""
    with grpc.insecure_channel(mesh.address_of("translate")) as brick:
        control_pb2_grpc.ControlServiceStub(brick).LoadModel(
            control_pb2.LoadModelRequest(model="bergamot-en-pt"), timeout=CALL_SECONDS
        )
    return mesh


def log_of(mesh: Mesh) -> Path:
    return mesh.home / "state" / "broker" / "audit"


def test_a_log_that_is_being_written_is_whole_and_breaks_no_promise(used: Mesh) -> None:
    verified = used.handle("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    (line,) = verified.stdout.splitlines()
    assert line.startswith("Whole, and every promise kept: ")
    told = json.loads(used.handle("audit", "verify", "--json").stdout)
    assert (told["damages"], told["breaches"]) == ([], [])
    assert told["change_count"] >= 2


def test_a_changed_log_is_named_by_its_record_and_by_the_head_that_was_kept(
    used: Mesh, tmp_path: Path
) -> None:
    exported = used.handle("audit", "head", "--json")
    assert exported.returncode == 0, exported.stderr
    head = tmp_path / "head.json"
    head.write_text(exported.stdout)
    copy = tmp_path / "audit"
    shutil.copytree(log_of(used), copy, ignore=shutil.ignore_patterns("heads"))
    assert used.handle("audit", "verify", copy, "--head", head).returncode == 0
    path = segment_path(copy, 1)
    first, second, *others = path.read_bytes().splitlines(keepends=True)
    forged = second.replace(b'"what":"', b'"what":"un', 1)
    path.write_bytes(b"".join([first, forged, *others]))
    verified = used.handle("audit", "verify", copy, "--head", head)
    assert verified.returncode == 1
    assert "Record 2 was changed" in verified.stderr
    assert verified.stderr.strip().endswith("[AUDIT_LOG_DAMAGED]")
    assert used.handle("audit", "usage", copy).returncode == 1
    path.write_bytes(first)
    cut_off = used.handle("audit", "verify", copy, "--head", head)
    assert cut_off.returncode == 1
    assert "which is missing" in cut_off.stderr


def test_the_bytes_of_each_tenant_are_added_up(used: Mesh) -> None:
    told = json.loads(used.handle("audit", "usage", "--json").stdout)
    (default,) = (one for one in told["tenants"] if one["tenant"] == "default")
    assert default["granted_byte_seconds"] > 0
    assert default["token_count"] >= 1
    assert "default" in used.handle("audit", "usage", "--since", "2020-01-01").stdout


def test_operators_are_told_the_latest_changes(used: Mesh) -> None:
    address = Home(used.home, used.home / "models").socket("broker-admin")
    with grpc.insecure_channel(address) as broker:
        told = admin_pb2_grpc.BrokerAdminServiceStub(broker).ListTransitions(
            admin_pb2.ListTransitionsRequest(limit=10_000), timeout=CALL_SECONDS
        )
    sequences = [one.sequence for one in told.transitions]
    assert sequences == sorted(sequences)
    assert "translate" in {one.holder for one in told.transitions}
