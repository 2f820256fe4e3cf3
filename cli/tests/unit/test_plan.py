"""Which processes make a mesh."""

from pathlib import Path

from brickwork_cli.home import Home
from brickwork_cli.plan import BRICKS, plan_mesh
from brickwork_sdk.addresses import SOCKET_PATH_BYTES_MAX


def test_a_mesh_has_every_process_once_and_floors_first(tmp_path: Path) -> None:
    home = Home(tmp_path, tmp_path / "models")
    plans = plan_mesh(home, "valkey-server", 8600, "scripted", None, {})
    names = [plan.name for plan in plans]
    assert names == [
        *("valkey", "broker"),
        *BRICKS,
        *("gateway", "worker-interactive", "worker-batch"),
    ]
    assert [plan.level for plan in plans] == sorted(plan.level for plan in plans)


def test_replicas_have_numbers_and_everybody_knows_all_of_them(tmp_path: Path) -> None:
    home = Home(tmp_path, tmp_path / "models")
    scale = {"asr": 2, "ocr": 1, "worker-batch": 2}
    plans = {plan.name: plan for plan in plan_mesh(home, "valkey", 8600, "real", None, scale)}
    assert [name for name, plan in plans.items() if plan.service == "asr"] == ["asr-1", "asr-2"]
    assert {"ocr", "worker-batch-1", "worker-batch-2"} < set(plans)
    sockets = [home.socket("asr-1"), home.socket("asr-2")]
    assert [plans[name].settings["BRICKWORK_ASR_LISTEN"] for name in ("asr-1", "asr-2")] == sockets
    for name in ("gateway", "worker-batch-2"):
        assert plans[name].settings["BRICKWORK_GATEWAY_ASR"] == ",".join(sockets)
        assert plans[name].settings["BRICKWORK_GATEWAY_OCR"] == home.socket("ocr")


def test_the_capacity_is_only_set_when_it_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path, tmp_path / "models")

    def broker(capacity_bytes: int | None) -> set[str]:
        plans = plan_mesh(home, "valkey-server", 8600, "real", capacity_bytes, {})
        return set(next(plan for plan in plans if plan.name == "broker").settings)

    assert broker(5) - broker(None) == {"BRICKWORK_BROKER_CAPACITY_BYTES"}


def test_sockets_of_a_deep_home_still_fit(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 90) / ("b" * 90)
    address = Home(deep, deep).socket("worker-interactive").removeprefix("unix:")
    assert len(address) <= SOCKET_PATH_BYTES_MAX
    assert address != Home(deep / "other", deep).socket("worker-interactive").removeprefix("unix:")
