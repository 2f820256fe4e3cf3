"""The file of all rows, docs/reference/benchmarks.json."""

import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from tools.bench.row import Row

SHEET = Path(__file__).resolve().parents[2] / "docs" / "reference" / "benchmarks.json"


def read_sheet(path: Path = SHEET) -> list[Row]:
    """Return the rows that were measured so far."""
    if not path.exists():
        return []
    return [Row.from_json(row) for row in json.loads(path.read_text("utf-8"))]


def write_sheet(rows: Iterable[Row], path: Path = SHEET) -> None:
    """Write the rows, whole or not at all."""
    fresh = path.with_suffix(".new")
    text = json.dumps([row.to_json() for row in rows], indent=1, ensure_ascii=False)
    fresh.write_text(text + "\n", "utf-8")
    fresh.replace(path)


def merged(
    old: Iterable[Row], fresh: Iterable[Row], ran: Collection[str], order: Sequence[str]
) -> list[Row]:
    """Put the rows of the groups that ran in the place of their old ones.

    Args:
        old: all rows so far; those of a group that is no longer in `order` are dropped.
        fresh: what was measured now.
        ran: the groups that were run, even where they gave no row.
        order: all groups, in the order of the file.
    """
    rows = [row for row in old if row.group not in ran] + list(fresh)
    return sorted(
        (row for row in rows if row.group in order), key=lambda row: order.index(row.group)
    )
