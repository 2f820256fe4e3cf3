"""The files of the containers hold what their decisions promise; no engine is needed to see it."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from brickwork_cli.plan import BRICKS, WORK_CLASSES
from tools import images

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = ROOT / "compose"
FILES = sorted(COMPOSE.glob("compose*.yaml"))

STAGE = re.compile(r"^FROM (?P<source>\S+) AS (?P<name>[a-z-]+)$", re.MULTILINE)
IMAGE = re.compile(
    r"\$\{BRICKWORK_IMAGES:-brickwork\}-(?P<service>[a-z]+)"
    r":\$\{BRICKWORK_TAG:-(?P<tag>[0-9.]+)\}(?:-gpu)?"
)
NAMED_BY_OPERATOR = re.compile(r"\$\{[A-Z]+_IMAGE:\?[^}]+\}")
VERSION = tomllib.loads((ROOT / "gateway/pyproject.toml").read_text())["project"]["version"]


def services(path: Path = COMPOSE / "compose.yaml") -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["services"]
    return found


def stages() -> dict[str, str]:
    """Return the text of each stage of the Dockerfile, by its name."""
    found = list(STAGE.finditer(DOCKERFILE))
    ends = [one.start() for one in found[1:]] + [len(DOCKERFILE)]
    return {one["name"]: DOCKERFILE[one.end() : end] for one, end in zip(found, ends, strict=True)}


def test_every_process_of_a_mesh_has_a_service_and_every_image_a_stage() -> None:
    workers = [f"worker-{work_class}" for work_class in WORK_CLASSES]
    assert set(services()) == {"valkey", "broker", *BRICKS, "gateway", *workers, "models"}
    assert set(images.SERVICES) <= set(stages())
    assert set(images.BRICKS) == set(BRICKS)


@pytest.mark.parametrize("name", services())
def test_a_service_is_nobody_and_may_write_its_volumes_only(name: str) -> None:
    service = services()[name]
    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pull_policy"] == "never"
    assert "privileged" not in service
    assert "network_mode" not in service
    assert not any("docker.sock" in volume for volume in service.get("volumes", ()))


def test_only_the_broker_sees_the_processes_of_the_host() -> None:
    assert [name for name, service in services().items() if "pid" in service] == ["broker"]


def test_only_the_gateway_is_published_and_only_on_loopback() -> None:
    published = {name: one["ports"] for name, one in services().items() if "ports" in one}
    assert set(published) == {"gateway"}
    assert all(port.startswith("127.0.0.1:") for port in published["gateway"])
    beyond = [name for name, one in services().items() if one["networks"] != ["mesh"]]
    assert beyond == ["gateway"]
    document = yaml.safe_load((COMPOSE / "compose.yaml").read_text())
    assert document["networks"]["mesh"] == {"internal": True}


@pytest.mark.parametrize("name", [name for name in services() if name != "models"])
def test_a_service_tells_how_it_is_and_is_started_again(name: str) -> None:
    service = services()[name]
    assert service["restart"] == "unless-stopped"
    image = IMAGE.fullmatch(service["image"])
    assert image is not None
    checked = stages()[image["service"]] + stages()["runtime"]
    assert "HEALTHCHECK --interval" in checked or "healthcheck" in service


def test_who_asks_another_starts_after_it() -> None:
    waits = {name: set(one.get("depends_on", ())) for name, one in services().items()}
    assert all(waits[brick] == {"broker"} for brick in BRICKS)
    assert waits["gateway"] == {"valkey"}
    for worker in ("worker-interactive", "worker-batch"):
        assert waits[worker] == {"gateway", *BRICKS}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_images_are_of_this_version_and_of_no_registry(path: Path) -> None:
    for name, service in services(path).items():
        if "image" in service and not NAMED_BY_OPERATOR.fullmatch(service["image"]):
            image = IMAGE.fullmatch(service["image"])
            assert image is not None, f"{name}: {service['image']}"
            assert image["tag"] == VERSION
            assert image["service"] in images.SERVICES


def test_every_stage_comes_from_the_named_base_and_runs_as_nobody() -> None:
    names = set(stages())
    for stage in STAGE.finditer(DOCKERFILE):
        assert stage["source"] in {"${BASE_IMAGE}", *names}
    assert "USER 10001:10001" in stages()["runtime"]
    assert all(
        stage["source"] == "runtime"
        for stage in STAGE.finditer(DOCKERFILE)
        if stage["name"] in images.SERVICES
    )
    assert "latest" not in DOCKERFILE


def test_every_package_is_installed_by_its_hash_or_is_ours() -> None:
    logical = DOCKERFILE.replace("\\\n", " ")
    installs = re.findall(r"pip (?:install|wheel)[^&\n]*", logical)
    assert installs
    for command in installs:
        assert "--require-hashes" in command or "--no-index" in command, command
