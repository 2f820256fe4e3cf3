import platform
import sys
from pathlib import Path

import pytest

from tools import setup


def test_a_step_is_done_once_for_the_same_inputs(tmp_path: Path) -> None:
    done: list[str] = []
    for made_from in ("a", "a", "b"):
        setup.step("count", tmp_path / "stamp", made_from, lambda: done.append("done"))
    assert len(done) == 2


def test_a_step_that_failed_is_done_again(tmp_path: Path) -> None:
    def fail() -> None:
        raise SystemExit(1)

    done: list[str] = []
    setup.step("count", tmp_path / "stamp", "a", lambda: done.append("done"))
    with pytest.raises(SystemExit):
        setup.step("count", tmp_path / "stamp", "b", fail)
    setup.step("count", tmp_path / "stamp", "a", lambda: done.append("done"))
    assert len(done) == 2


def test_the_digest_changes_with_any_part(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("one")
    before = setup.digest("root", lock)
    lock.write_text("two")
    assert len({before, setup.digest("root", lock), setup.digest("other", lock)}) == 3


def test_this_machine_is_accepted() -> None:
    assert setup.refusal() is None


@pytest.mark.parametrize(
    ("owner", "attribute", "value", "sentence"),
    [
        (sys, "version_info", (3, 10, 2), "Brickwork needs CPython 3.11 to 3.13"),
        (sys, "version_info", (3, 14, 0), "Brickwork needs CPython 3.11 to 3.13"),
        (platform, "python_implementation", lambda: "PyPy", "Brickwork needs CPython 3.11 to 3.13"),
        (platform, "machine", lambda: "aarch64", "Brickwork runs on Linux x86-64"),
        (sys, "platform", "darwin", "Brickwork runs on Linux x86-64"),
        (platform, "libc_ver", lambda: ("glibc", "2.27"), "Brickwork needs glibc 2.28 or newer"),
        (platform, "libc_ver", lambda: ("", ""), "Brickwork needs glibc 2.28 or newer"),
    ],
)
def test_another_machine_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, owner: object, attribute: str, value: object, sentence: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(owner, attribute, value)
        reason = setup.refusal()
    assert reason is not None
    assert reason.startswith(sentence)


def test_an_environment_for_gpus_stays_one_until_the_other_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stamp = tmp_path / "variant"
    monkeypatch.setattr(setup, "VARIANT", stamp)
    assert setup.variant([]) == "dev"
    stamp.write_text("gpu")
    assert setup.variant([]) == "gpu"
    assert setup.variant(["dev"]) == "dev"


@pytest.mark.parametrize("status", [0, 1])
def test_an_environment_for_gpus_is_made_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int
) -> None:
    driver = tmp_path / "driver.py"
    driver.write_text(f"raise SystemExit({status})")
    monkeypatch.setattr(setup, "CUDA_DRIVER", driver)
    if status:
        with pytest.raises(SystemExit):
            setup.variant(["gpu"])
    else:
        assert setup.variant(["gpu"]) == "gpu"
