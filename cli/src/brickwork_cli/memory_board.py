"""Memory on the terminal: who holds how much, who waits for what."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Column, Table
from rich.text import Text

from brickwork_cli.terminal_text import as_it_is
from brickwork_sdk.sizes import format_size
from brickwork_sdk.spans import format_span
from brickwork_sdk.vram.view import View

BAR_WIDTH = 24
TOKEN_ID_LENGTH = 12
"""What is shown of an id: enough to name it by."""

IDLE_SECONDS_MIN = 5.0
"""A shorter rest is no news: the calls of one job are as far apart."""

_STATE_STYLES = {"shrinking": "yellow", "revoking": "yellow", "quarantined": "red"}
_YIELDS = {
    "evict": "is unloaded, as it is idle",
    "shrink": "gives back what it can spare",
    "revoke": "gives all back",
    "ending": "is over, and its processes are to be gone",
}


def board(memory: View) -> RenderableType:
    """Draw the devices, those who hold, and those who wait."""
    holders = [token for token in memory["tokens"] if token["state"] != "queued"]
    waiters = [token for token in memory["tokens"] if token["state"] == "queued"]
    capacity_bytes = {one["device"]: one["capacity_bytes"] for one in memory["devices"]}
    grid = _grid()
    for device in memory["devices"]:
        _add_device(grid, device)
    for sentence in closed(memory):
        grid.add_row("", as_it_is(sentence, "yellow"))
    for token in holders:
        _add_holder(grid, token, capacity_bytes.get(token["device"], token["granted_bytes"]))
    if not holders:
        grid.add_row("", "Nobody holds memory.")
    for token in waiters:
        _add_waiter(grid, token)
    if not waiters:
        grid.add_row("", "Nobody waits.")
    return grid


def closed(memory: View) -> Iterator[str]:
    """Say why nothing is granted, where that is so."""
    if memory["closed_because"]:
        yield memory["closed_because"]
    elif memory["recovering"]:
        yield "Nothing is granted: the broker waits for its holders after a restart."
    for device in memory["devices"]:
        if device["overcommitted"]:
            yield f"More of {device['device']} is in use than there may be."


def bar(total_bytes: int, used_bytes: int, charged_bytes: int) -> Text:
    """Draw what is charged of a total, and how much of that is really used.

    Use beyond the charge is drawn as well, in red.

    Args:
        total_bytes: what the whole width stands for.
        used_bytes: what was measured.
        charged_bytes: what was granted.
    """

    def cells(size_bytes: int) -> int:
        return min(BAR_WIDTH, round(BAR_WIDTH * size_bytes / max(1, total_bytes)))

    within, charged = cells(min(used_bytes, charged_bytes)), cells(charged_bytes)
    beyond = max(0, cells(used_bytes) - charged)
    return Text.assemble(
        ("█" * within, "green"),
        ("░" * (charged - within), "green"),
        ("█" * beyond, "red"),
        ("·" * (BAR_WIDTH - charged - beyond), "dim"),
    )


def explained(wait: View, waiter: View) -> RenderableType:
    """Say why a token waits, who makes room for it, and who holds what."""
    grid = _grid()
    _add_waiter(grid, waiter | {"place": wait["place"]})
    for one in wait["yielding"]:
        asked = "asked already" if one["asked"] else "not asked yet"
        way = _YIELDS.get(one["kind"], one["kind"])
        grid.add_row(format_size(one["yielded_bytes"]), as_it_is(f"{who(one)} {way}, {asked}"))
    largest_bytes = max((token["granted_bytes"] for token in wait["held"]), default=0)
    for token in wait["held"]:
        _add_holder(grid, token, largest_bytes)
    return grid


def timeline(transitions: list[View]) -> RenderableType:
    """List what happened, the latest last."""
    table = Table(
        Column("ago", justify="right", no_wrap=True),
        Column("token", no_wrap=True),
        Column("whose", overflow="fold"),
        Column("what", overflow="fold"),
        Column("charged", justify="right", no_wrap=True),
        Column("why", overflow="fold"),
        box=None,
    )
    for one in transitions:
        what = f"{one['before']} → {one['after']}" if one["before"] else one["after"]
        table.add_row(
            format_span(one["ago_seconds"]),
            as_it_is(one["token_id"][:TOKEN_ID_LENGTH]),
            as_it_is(who(one)),
            what,
            format_size(one["charged_bytes"]),
            as_it_is(one["cause"]),
        )
    return table if transitions else Text("Nothing has happened yet.")


def who(token: View) -> str:
    """Name a token as people know it."""
    return " ".join(part for part in (token["holder"], token["purpose"]) if part)


def expected(place: View) -> str:
    """Say for how long a token will still wait."""
    least, most = place["expected_seconds"], place["expected_at_most_seconds"]
    if least is None and most is None:
        return "nobody knows for how long"
    least = least or 0.0
    if most is None or format_span(most) == format_span(least):
        return f"about {format_span(least)}"
    return f"{format_span(least)} to {format_span(most)}"


def _grid() -> Table:
    """Return an empty page: drawings on the left, words on the right."""
    grid = Table.grid(Column(justify="right", width=BAR_WIDTH), Column(overflow="fold"))
    grid.padding = (0, 2, 0, 0)
    return grid


def _add_device(grid: Table, device: View) -> None:
    capacity, charged = device["capacity_bytes"], device["charged_bytes"]
    quarantined, foreign = device["quarantined_bytes"], device["foreign_bytes"]
    told = [f"{format_size(charged)} lent", f"{format_size(device['free_bytes'])} free"]
    told += [f"{format_size(quarantined)} in quarantine"] if quarantined else []
    told += [f"{format_size(foreign)} used without a token"] if foreign else []
    name = Text.assemble((device["device"], "bold"), f" has {format_size(capacity)} to lend")
    grid.add_row(bar(capacity, charged - quarantined, charged), name)
    grid.add_row("", ", ".join(told))


def _add_holder(grid: Table, token: View, scale_bytes: int) -> None:
    granted, used = token["granted_bytes"], token["measured_bytes"]
    state = f"{token['state']} for {format_span(token['age_seconds'])}"
    head = Text.assemble(
        as_it_is(who(token), "bold"), ", ", (state, _STATE_STYLES.get(token["state"], ""))
    )
    amounts = f"{format_size(used) if used is not None else '?'} of {format_size(granted)}"
    grid.add_row("")
    grid.add_row(bar(scale_bytes, used or 0, granted), head)
    grid.add_row(amounts, _about(token))
    for note in _notes(token):
        grid.add_row("", as_it_is(note))


def _add_waiter(grid: Table, token: View) -> None:
    size, place = format_size(token["guaranteed_bytes"]), token["place"]
    head = Text.assemble(
        as_it_is(who(token), "bold"),
        (f", waits for {size}, {format_span(token['age_seconds'])} so far", "yellow"),
    )
    grid.add_row("")
    grid.add_row(f"place {place['position']}" if place else "", head)
    grid.add_row("", _about(token))
    if place:
        grid.add_row("", as_it_is(place["cause"]))
        grid.add_row("", f"still: {expected(place)}")


def _about(token: View) -> Text:
    about = (token["token_id"][:TOKEN_ID_LENGTH], token["class"], token["tenant"])
    return as_it_is(", ".join(about), "dim")


def _notes(token: View) -> Iterator[str]:
    """Say what matters about a token besides its memory."""
    if token["loading"]:
        yield "loading"
    if token["idle_seconds"] is not None and token["idle_seconds"] >= IDLE_SECONDS_MIN:
        yield f"idle for {format_span(token['idle_seconds'])}"
    if token["hold_left_seconds"] is not None:
        left_seconds = token["hold_left_seconds"]
        yield f"{format_span(left_seconds)} left" if left_seconds else "its time is over"
    if token["state"] == "quarantined":
        yield "charged until its processes are known to be gone"
    demand = token["demand"]
    if demand is not None:
        what = f"all but {format_size(demand['keep_bytes'])}" if demand["keep_bytes"] else "all"
        within = format_span(demand["within_seconds"])
        yield f"asked for {what} within {within}: {demand['cause']}"
