"""`brickwork gpu` against a broker."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from brickwork_cli.__main__ import brickwork
from brickwork_sdk.testing.broker import ScriptedBroker, threaded_broker
from brickwork_sdk.testing.memory import explained_wait, full_memory

Broker = tuple[ScriptedBroker, str]


@pytest.fixture
def broker() -> Iterator[Broker]:
    with threaded_broker() as served:
        served[0].memory = full_memory()
        served[0].explanation = explained_wait()
        yield served


def gpu(*words: str) -> Result:
    return CliRunner().invoke(brickwork, ["gpu", *words])


def test_everything_is_told_as_one_document(broker: Broker) -> None:
    told = json.loads(gpu("--broker", broker[1], "--json").output)
    assert told["devices"][0]["charged_bytes"] == told["devices"][0]["capacity_bytes"]
    assert [token["state"] for token in told["tokens"]] == [
        *("granted", "granted", "shrinking", "quarantined", "queued")
    ]
    assert told["tokens"][1]["measured_bytes"] is None
    assert told["tokens"][2]["demand"]["within_seconds"] == 24
    assert told["tokens"][4]["place"]["expected_at_most_seconds"] == 31


def test_people_read_who_holds_and_who_waits(broker: Broker) -> None:
    shown = gpu("--broker", broker[1])
    assert shown.exit_code == 0
    assert "lease python, shrinking" in shown.output
    assert "place 1" in shown.output


def test_a_token_is_named_by_the_beginning_of_its_id(broker: Broker) -> None:
    shown = gpu("explain", "asr-77", "--broker", broker[1])
    # A narrow terminal folds the sentence.
    assert "gives back what it can spare, asked already" in " ".join(shown.output.split())
    told = json.loads(gpu("explain", "asr-77", "--broker", broker[1], "--json").output)
    assert told["yielding"][0]["kind"] == "shrink"


def test_a_name_of_no_token_or_of_several_is_refused(broker: Broker) -> None:
    unknown = gpu("explain", "nobody", "--broker", broker[1])
    assert (unknown.exit_code, "[VRAM_TOKEN_UNKNOWN]" in unknown.output) == (1, True)
    several = gpu("explain", "", "--broker", broker[1])
    assert (several.exit_code, "[ARGUMENT_INVALID]" in several.output) == (1, True)


def test_a_watch_that_nobody_looks_at_is_a_document_a_line(broker: Broker) -> None:
    command = (*(sys.executable, "-m", "brickwork_cli", "gpu"), "--broker", broker[1])
    with subprocess.Popen([*command, "--watch", "--json"], stdout=subprocess.PIPE) as watching:
        assert watching.stdout is not None
        first = json.loads(watching.stdout.readline())
        watching.terminate()
    assert len(first["tokens"]) == 5
    assert watching.returncode == 130


def test_a_broker_that_is_away_is_one_line(tmp_path: Path) -> None:
    shown = gpu("--broker", f"unix:{tmp_path}/nobody.sock")
    assert shown.exit_code == 1
    assert shown.output.strip().endswith("[BROKER_UNREACHABLE]")


@pytest.mark.parametrize(
    "words",
    [
        ("lease", "--size", "8GB", "--for", "60m", "true"),
        ("lease", "--size", "8GiB", "--for", "soon", "true"),
        ("lease", "--size", "8GiB", "--for", "60m", "--least", "9GiB", "true"),
        ("lease", "--size", "0", "--for", "60m", "true"),
        ("lease", "--size", "8GiB", "--for", "0", "true"),
        ("lease", "--size", "8GiB", "--for", "60m", "--tenant", "a b", "true"),
        ("lease", "--size", "8GiB", "--for", "60m", "no-such-program"),
    ],
)
def test_nonsense_is_refused_before_memory_is_asked_for(
    broker: Broker, words: tuple[str, ...]
) -> None:
    shown = gpu(*words[:1], "--broker", broker[1], *words[1:])
    assert shown.exit_code == 1
    assert shown.output.strip().endswith("[ARGUMENT_INVALID]")
    assert broker[0].asked == {}
