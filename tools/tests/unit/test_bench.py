import json
from pathlib import Path

import pytest

from tools import docs
from tools.bench import groups as bench_groups
from tools.bench.__main__ import chosen, run, run_group
from tools.bench.groups import GROUPS, Group
from tools.bench.row import Row, at_least, at_most
from tools.bench.sheet import merged, read_sheet, write_sheet


def row(value: float | None = 1.0, group: str = "mesh", **fields: object) -> Row:
    known = {"name": "tax", "unit": "ratio", "bound": at_most(1.1), "conditions": "a b"}
    return Row(value=value, group=group, **{**known, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bound", "value", "holds"),
    [
        (at_most(1.1), 1.1, True),
        (at_most(1.1), 1.1002, False),
        (at_least(2.5), 2.5, True),
        (at_least(2.5), 2.4, False),
        (None, 7.0, None),
        (None, None, False),
        (at_most(1.1), None, False),
    ],
)
def test_a_row_holds_when_its_figure_is_within_its_bound(
    bound: object, value: float | None, holds: bool | None
) -> None:
    assert row(value, bound=bound).holds is holds


def test_what_is_judged_is_the_figure_as_it_is_written() -> None:
    assert row(1.10004).value == 1.1
    assert row(1.10004).holds is True


@pytest.mark.parametrize("one", [row(), row(bound=None), row(None), row(3, bound=at_least(2.5))])
def test_a_row_comes_back_from_the_file_as_it_was(tmp_path: Path, one: Row) -> None:
    path = tmp_path / "sheet.json"
    write_sheet([one], path)
    assert read_sheet(path) == [one]
    assert [each.name for each in tmp_path.iterdir()] == ["sheet.json"]


@pytest.mark.parametrize("change", [{"holds": False}, {"holds": None}, {"bound": "about 3"}])
def test_a_row_that_claims_what_is_not_so_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"holds is|no bound"):
        Row.from_json({**row(1.0).to_json(), **change})


def test_a_group_that_ran_loses_its_old_rows_and_no_other_does() -> None:
    old = [row(name="tax", group="mesh"), row(name="gone", group="mesh"), row(group="memory")]
    fresh = [row(2.0, name="tax", group="mesh")]
    rows = merged(old, fresh, {"mesh"}, ["memory", "mesh"])
    assert [(each.group, each.name, each.value) for each in rows] == [
        ("memory", "tax", 1.0),
        ("mesh", "tax", 2.0),
    ]


def test_a_group_that_gave_no_row_keeps_none_and_a_forgotten_one_goes() -> None:
    old = [row(group="mesh"), row(group="forgotten")]
    assert merged(old, [], {"mesh"}, ["mesh"]) == []


def test_groups_that_need_a_gpu_run_only_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    some = (Group("mesh", 1, 2), Group("gpu", 1, 2, needs_gpu=True))
    monkeypatch.setattr("tools.bench.__main__.GROUPS", some)
    assert [each.name for each in chosen([])] == ["mesh"]
    assert [each.name for each in chosen(["gpu"])] == ["gpu"]
    with pytest.raises(SystemExit, match="no such group: nothing; there are: mesh, gpu"):
        chosen(["nothing"])


def test_a_group_without_an_end_is_a_row_that_does_not_hold() -> None:
    [last] = run_group(Group("no_such_module", 1, 1))
    assert isinstance(last, Row)
    assert (last.holds, last.conditions) == (False, "it did not: see its output")


def test_a_group_that_takes_too_long_is_ended() -> None:
    [last] = run_group(Group("groups", 1, 0.0001))
    assert isinstance(last, Row)
    assert last.conditions == "it did not: it took more than 0.0001 minutes"


def test_rows_carry_their_group_their_machine_and_their_day() -> None:
    [(group, [one])] = run([Group("no_such_module", 1, 1)])
    assert one.group == group.name == "no_such_module"
    assert "cores of" in one.machine
    assert len(one.measured_on) == len("2026-01-31")


def test_every_group_has_its_module_and_all_together_leave_time_for_the_demo() -> None:
    folder = Path(bench_groups.__file__).parent
    assert [each.name for each in GROUPS if not (folder / f"{each.name}.py").is_file()] == []
    # The demo and the quality of the models take a minute besides.
    assert sum(each.minutes for each in GROUPS if not each.needs_gpu) <= 44


def test_the_page_shows_every_row_under_its_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        row(1.07, machine="2 cores", measured_on="2026-11-21"),
        row(1234.5, name="peak", unit="MiB", bound=None, group="memory"),
        row(None, name="broken", group="memory", conditions="it did not | at all"),
    ]
    write_sheet(rows, tmp_path / "benchmarks.json")
    monkeypatch.setattr(docs, "REFERENCE", tmp_path)
    page = docs.benchmarks_page()
    assert "## mesh\n\nMeasured on 2 cores, 2026-11-21.\n" in page
    assert "| tax | 1.07 | <= 1.1 | yes | a b |\n" in page
    assert "| peak | 1,234.5 MiB | stated |  | a b |\n" in page
    assert "| broken | none | <= 1.1 | **no** | it did not &#124; at all |\n" in page


def test_every_committed_row_has_a_bound_or_says_that_it_is_stated() -> None:
    for found in json.loads((docs.REFERENCE / "benchmarks.json").read_text("utf-8")):
        one = Row.from_json(found)
        assert found["bound"] == "stated" or one.bound is not None
        assert one.name, one
        assert one.conditions, one
        assert one.machine, one
        assert one.measured_on, one
        assert one.group in {each.name for each in GROUPS}
