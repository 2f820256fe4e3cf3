"""The live board of a job: a line for each stage, on the terminal's error stream."""

from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

_MARKS = {
    "done": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "skipped": "[dim]–[/]",
    "cancelled": "[yellow]–[/]",
    "waiting": "[dim]·[/]",
    "sent": "[dim]·[/]",
}


class Board:
    """Shows how each stage of a job stands; plain lines where nobody watches a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stages: dict[str, dict[str, Any]] = {}
        self._latest = Text("")
        self._spinner = Spinner("dots")
        self._live = Live(
            get_renderable=self._render, console=console, refresh_per_second=8, transient=False
        )

    def __enter__(self) -> "Board":
        """Begin to show."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last state on the screen."""
        if self._console.is_terminal:
            self._live.stop()

    def show(self, kind: str, body: dict[str, Any]) -> None:
        """Take in one event of the job."""
        if kind == "stage":
            before = self._stages.get(body["name"], {})
            self._stages[body["name"]] = body
            if not self._console.is_terminal:
                self._say(before, body)
        elif kind == "segment":
            self._latest = Text(
                f"  “{body['text']}”", style="dim", overflow="ellipsis", no_wrap=True
            )

    def _say(self, before: dict[str, Any], stage: dict[str, Any]) -> None:
        said = (before.get("state"), before.get("cause"))
        if said != (stage["state"], stage["cause"]) and stage["state"] not in ("waiting", "sent"):
            what = stage["cause"] or stage["state"]
            self._console.print(f"{stage['name']}: {what}", highlight=False, markup=False)

    def _render(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        table.add_column(width=1)
        table.add_column(width=11)
        table.add_column(width=24)
        table.add_column()
        for stage in self._stages.values():
            running = stage["state"] == "running"
            mark = self._spinner if running else Text.from_markup(_MARKS[stage["state"]])
            table.add_row(mark, stage["name"], _bar(stage), _note(stage))
        return Group(table, self._latest)


def _bar(stage: dict[str, Any]) -> RenderableType:
    progress = stage["progress"]
    if stage["state"] != "running" or not progress or not progress["total"]:
        return Text("")
    return ProgressBar(total=progress["total"], completed=progress["done"], width=24)


def _note(stage: dict[str, Any]) -> Text:
    if stage["error"] and stage["state"] == "failed":
        return Text(stage["error"]["message"], style="red")
    if stage["cause"]:
        return Text(stage["cause"], style="yellow")
    if stage["state"] == "done":
        return Text(f"{stage['ran_ms'] / 1000:.1f} s", style="dim")
    return Text("")
