import json
from pathlib import Path

import pytest

from brickwork_cli.home import Home
from brickwork_cli.observed import observed, targets
from brickwork_cli.plan import ProcessPlan, plan_mesh


@pytest.fixture
def plans(tmp_path: Path) -> list[ProcessPlan]:
    return plan_mesh(Home(tmp_path, tmp_path), "valkey", 8600, "scripted", None, {"asr": 2})


def test_every_process_of_ours_gets_a_port_of_its_own_and_the_one_sink(
    plans: list[ProcessPlan],
) -> None:
    sink = "http://127.0.0.1:4317"
    made = {plan.name: plan.settings for plan in observed(plans, 9600, sink)}
    assert made.pop("valkey") == {}
    ports = [
        value for settings in made.values() for name, value in settings.items() if "METRICS" in name
    ]
    assert ports == [f"127.0.0.1:{9600 + place}" for place in range(len(made))]
    assert made["asr-2"]["BRICKWORK_ASR_OTLP_ENDPOINT"] == sink
    assert made["worker-batch"]["BRICKWORK_GATEWAY_OTLP_ENDPOINT"] == sink


def test_prometheus_is_told_which_process_answers_where(plans: list[ProcessPlan]) -> None:
    groups = json.loads(targets(observed(plans, 9600, "")))
    assert len(groups) == 10
    found = {group["labels"]["process"]: group for group in groups}
    assert found["asr-1"]["labels"]["service"] == "asr"
    assert found["broker"]["targets"] == ["127.0.0.1:9600"]


def test_a_mesh_that_nobody_observes_is_as_it_was_planned(plans: list[ProcessPlan]) -> None:
    made = observed(plans, 0, "")
    assert [dict(plan.settings) for plan in made] == [dict(plan.settings) for plan in plans]
    assert json.loads(targets(made)) == []
