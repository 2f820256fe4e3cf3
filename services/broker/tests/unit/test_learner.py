import logging
from dataclasses import replace
from pathlib import Path

import pytest

from brickwork_broker.core.commands import Tick
from brickwork_broker.core.events import Evidence, Granted, Released, UsersBound
from brickwork_broker.core.footprints import MIB
from brickwork_broker.core.request import Workload
from brickwork_broker.core.rows import Rows
from brickwork_broker.core.sight import Sight
from brickwork_broker.storage.learner import Learner
from services.broker.tests.unit.examples import ENGINE, REQUEST

WORKLOAD = Workload("digest", "onnxruntime 1", "float32", "", 30 * MIB)


def teach(learner: Learner, peak_bytes: int) -> None:
    rows = Rows()
    rows.fold(Granted(replace(REQUEST, workload=WORKLOAD), 60, 1), 0)
    rows.fold(UsersBound(REQUEST.token_id, (ENGINE,)), 0)
    sight = Sight("host", 1, 1, readings={ENGINE: peak_bytes}, peaks={ENGINE: peak_bytes})
    learner.look(rows.grants.values(), sight)
    learner.note(Tick(), [Released(REQUEST.token_id, Evidence.USERS_GONE)], 0)


def test_what_was_learned_outlives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "footprints.json"
    learner = Learner(path, "host")
    learner.save()
    assert not path.exists(), "nothing was learned"
    teach(learner, 100 * MIB)
    learner.save()
    assert Learner(path, "host").needed_bytes(WORKLOAD) == 115 * MIB
    assert Learner(path, "cuda:0").needed_bytes(WORKLOAD) > 115 * MIB
    assert [entry.name for entry in tmp_path.iterdir()] == ["footprints.json"]


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b'[{"key": {}}]', b"\xff\xfe"])
def test_a_damaged_file_is_begun_anew(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "footprints.json"
    path.write_bytes(damage)
    with caplog.at_level(logging.WARNING):
        learner = Learner(path, "host")
    assert "footprints_lost" in caplog.text
    teach(learner, 100 * MIB)
    learner.save()
    assert Learner(path, "host").needed_bytes(WORKLOAD) == 115 * MIB


def test_a_disk_that_takes_nothing_costs_only_what_was_learned(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "away" / "footprints.json"
    learner = Learner(path, "host")
    teach(learner, 100 * MIB)
    with caplog.at_level(logging.WARNING):
        learner.save()
    assert "footprints_not_saved" in caplog.text
    assert learner.needed_bytes(WORKLOAD) == 115 * MIB
    path.parent.mkdir()
    learner.save()
    assert Learner(path, "host").needed_bytes(WORKLOAD) == 115 * MIB
