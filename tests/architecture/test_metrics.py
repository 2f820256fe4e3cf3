"""What the mesh measures is named by rule, explained, and all that alerts and graphs ask for."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.docs import DeclaredMetric, declared_metrics

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "compose" / "prometheus"
DASHBOARD = ROOT / "compose" / "grafana" / "brickwork.json"
RUNBOOKS = ROOT / "docs" / "runbooks"

DECLARED = [metric for metrics in declared_metrics().values() for metric in metrics]
BASE_UNITS = ("_seconds", "_bytes", "_ratio")
COUNTS = ("_calls", "_depth", "_jobs", "_models", "_stages")
"""Gauges that count things end in what they count."""
OTHER_UNITS = re.compile(r"_(ms|us|milliseconds|minutes|hours|kb|mb|gb|kib|mib|gib|percent)(_|$)")
UNBOUNDED = {"job", "job_id", "tenant", "holder", "token", "token_id", "path", "name", "language"}
OF_EVERY_PROCESS = {"up", "process_start_time_seconds", "process_resident_memory_bytes"}


@pytest.mark.parametrize("metric", DECLARED, ids=lambda metric: metric.name)
def test_a_metric_is_named_by_rule_and_explained(metric: DeclaredMetric) -> None:
    assert re.fullmatch(r"brickwork(_[a-z]+)+", metric.name)
    assert not OTHER_UNITS.search(metric.name)
    if metric.kind == "counter":
        assert metric.name.endswith("_total")
    else:
        assert metric.name.endswith((*BASE_UNITS, *COUNTS))
    assert metric.kind != "histogram" or metric.name.endswith(BASE_UNITS)
    assert metric.meaning.endswith(".")
    assert not UNBOUNDED & set(metric.labels)


def test_no_two_dists_use_one_name() -> None:
    names = [metric.name for metric in DECLARED]
    assert len(set(names)) == len(names)


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found = json.loads(DASHBOARD.read_text())["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def asked_for(expression: str) -> set[str]:
    """Name the metrics that a query reads; a histogram has its parts."""
    names = set(re.findall(r"\b(?:brickwork|process)_[a-z_]+\b|\bup\b", expression))
    return {re.sub(r"_(bucket|count|sum)$", "", name) for name in names}


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_asks_for_metrics_that_exist_and_names_its_runbook(alert: dict[str, Any]) -> None:
    known = OF_EVERY_PROCESS | {metric.name for metric in DECLARED}
    assert asked_for(alert["expr"])
    assert asked_for(alert["expr"]) <= known
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["annotations"]["summary"]
    words = re.findall(r"[A-Z][a-z]+", alert["alert"])
    assert alert["annotations"]["runbook"] == f"docs/runbooks/{'-'.join(words).lower()}.md"
    assert (ROOT / alert["annotations"]["runbook"]).exists()


def test_every_runbook_belongs_to_an_alert_and_every_alert_has_a_test() -> None:
    named = {Path(alert["annotations"]["runbook"]).name for alert in alerts()}
    assert {page.name for page in RUNBOOKS.glob("*.md")} - {"README.md"} == named
    tests = yaml.safe_load((PROMETHEUS / "alerts.test.yaml").read_text())["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    for alert in alerts():
        expected = [case["exp_alerts"] for case in cases if case["alertname"] == alert["alert"]]
        assert [] in expected, f"{alert['alert']} is never shown not to fire"
        assert any(expected), f"{alert['alert']} is never shown to fire"


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_a_panel_asks_for_metrics_that_exist(panel: dict[str, Any]) -> None:
    known = OF_EVERY_PROCESS | {metric.name for metric in DECLARED}
    assert panel["description"].endswith(".")
    for target in panel["targets"]:
        assert asked_for(target["expr"])
        assert asked_for(target["expr"]) <= known


def test_every_golden_signal_is_on_the_dashboard() -> None:
    rows = [one for one in json.loads(DASHBOARD.read_text())["panels"] if one["type"] == "row"]
    titles = {row["title"].partition(":")[0] for row in rows}
    assert titles == {"Latency", "Traffic", "Errors", "Saturation"}


@pytest.mark.parametrize("words", ["check rules alerts.yaml", "test rules alerts.test.yaml"])
def test_promtool_finds_the_alerts_right_and_they_fire_when_they_should(
    words: str,
) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; Debian has it in the package prometheus")
    done = subprocess.run(
        [promtool, *words.split()], cwd=PROMETHEUS, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
