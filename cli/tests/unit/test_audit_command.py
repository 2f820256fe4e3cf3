"""`brickwork audit` alone, without the broker that knows what the records mean."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from brickwork_cli.__main__ import brickwork
from brickwork_sdk.audit import AuditLog, Entry
from brickwork_sdk.audit.head import read_head


@pytest.fixture
def log(tmp_path: Path) -> Path:
    with AuditLog(tmp_path / "audit") as log:
        log.append(Entry("broker", "broker_started", "Started."))
    return tmp_path / "audit"


@pytest.mark.parametrize("command", ["verify", "usage", "head"])
def test_a_home_without_a_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("BRICKWORK_CLI_HOME", str(tmp_path))
    result = CliRunner().invoke(brickwork, ["audit", command])
    assert result.exit_code == 1
    assert result.output.strip().endswith("[AUDIT_LOG_EMPTY]")


def test_a_head_is_exported_and_its_file_named(log: Path) -> None:
    result = CliRunner().invoke(brickwork, ["audit", "head", str(log)])
    assert result.exit_code == 0
    head = read_head(Path(result.output.replace("\n", "")))
    assert (head.sequence, head.is_genuine) == (1, True)
    result = CliRunner().invoke(brickwork, ["audit", "head", str(log), "--json"])
    assert json.loads(result.output)["sha256"] == head.sha256


def test_a_head_that_is_none_is_refused(log: Path) -> None:
    for name in ("missing", "."):
        result = CliRunner().invoke(
            brickwork, ["audit", "verify", str(log), "--head", str(log / name)]
        )
        assert result.exit_code == 1
        assert result.output.strip().endswith("[AUDIT_HEAD_UNREADABLE]")
