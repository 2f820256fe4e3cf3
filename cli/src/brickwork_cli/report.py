"""A job's result as people read it."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

Body = dict[str, Any]


def print_result(console: Console, result: Body) -> None:
    """Print transcript, translation, slides, summary and the seconds of each stage."""
    for line in result_lines(result):
        console.print(line, markup=False, highlight=False)
    console.print(stage_table(result["stages"]))


def result_lines(result: Body) -> Iterator[str]:
    """Yield the parts of a result that were asked for, each under its heading."""
    segments = result["segments"]
    yield f"TRANSCRIPT ({result['language'] or 'no speech'}, {len(result['speakers'])} speakers)"
    for segment in segments:
        yield f"{_span(segment)}  {segment['speaker'] or '?'}: {segment['text']}"
    if any(segment["translation"] is not None for segment in segments):
        yield "\nTRANSLATION"
        for segment in segments:
            text = segment["translation"]
            shown = text if text is not None else "(not translated)"
            yield f"{_span(segment)}  {segment['speaker'] or '?'}: {shown}"
    if result["slides"]:
        yield "\nSLIDES"
        for slide in result["slides"]:
            yield f"{_span(slide)}  {' / '.join(slide['text'].splitlines())}"
    if result["summary"]:
        yield from _summary_lines(result["summary"])
    for missing in result["missing"]:
        yield f"\nMISSING {missing['part']}: {missing['message']} [{missing['reason']}]"
    yield ""


def _summary_lines(summary: Body) -> Iterator[str]:
    for form in filter(None, summary.values()):
        yield f"\nSUMMARY: {form['label']}"
        for sentence in form["sentences"]:
            starts = (clock_time(segment["start_ms"]) for segment in sentence["segments"])
            yield f"{sentence['text']} {' '.join(f'[{start}]' for start in starts)}"
        if form.get("note"):
            yield form["note"]


def stage_table(stages: list[Body]) -> Table:
    """Draw the seconds of each stage, waiting apart from computing."""
    table = Table(title="seconds per stage", title_justify="left")
    table.add_column("stage")
    table.add_column("waited", justify="right")
    table.add_column("computed", justify="right")
    table.add_column("model")
    for stage in stages:
        waited, ran = stage["waited_ms"] / 1000, stage["ran_ms"] / 1000
        table.add_row(stage["name"], f"{waited:.1f}", f"{ran:.1f}", stage["model"] or "")
    return table


def clock_time(ms: int) -> str:
    """Render an offset as h:mm:ss.d, the hour only where there is one."""
    seconds, tenths = divmod(ms // 100, 10)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02}" if hours else f"{minutes:02}"
    return f"{head}:{seconds:02}.{tenths}"


def _span(body: Body) -> str:
    return f"[{clock_time(body['start_ms'])} – {clock_time(body['end_ms'])}]"
