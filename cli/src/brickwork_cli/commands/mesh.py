"""`brickwork up`, `down` and `status`."""

import json
import sys
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from brickwork_cli import mesh
from brickwork_cli.mesh_state import MeshState
from brickwork_cli.plan import SCALABLE
from brickwork_cli.scale import parse_scale
from brickwork_cli.settings import CliSettings
from brickwork_sdk.sizes import parse_size

EXIT_NOT_RUNNING = 3


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="TCP port of the gateway on loopback.")
@click.option("--capacity", help="Memory that the broker may lend, such as 8GiB.")
@click.option("--engine", type=click.Choice(["real", "scripted"]), help="Which engines answer.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), help="Where models compute.")
@click.option("--scale", multiple=True, help="How many of a service, such as asr=2; repeatable.")
@click.option("--metrics-port", type=click.IntRange(0, 65000), help="First port of the metrics.")
@click.option("--otlp-endpoint", help="Where traces go, such as http://127.0.0.1:4317.")
@click.option("--json", "as_json", is_flag=True, help="Print the mesh as JSON.")
def up(
    port: int | None,
    capacity: str | None,
    engine: str | None,
    device: str | None,
    scale: tuple[str, ...],
    metrics_port: int | None,
    otlp_endpoint: str | None,
    as_json: bool,
) -> None:
    """Start the mesh and return once it is ready.

    Whatever dies is started again until `brickwork down`.
    """
    given = {
        **{"port": port, "capacity": capacity, "engine": engine, "device": device},
        "scale": ",".join(scale) or None,
        **{"metrics_port": metrics_port, "otlp_endpoint": otlp_endpoint},
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = CliSettings.load().model_copy(update=chosen)
    if settings.capacity:
        parse_size(settings.capacity)
    parse_scale(settings.scale, SCALABLE)
    state = mesh.start_mesh(settings)
    if as_json:
        click.echo(json.dumps(shown(state)))
    else:
        click.echo(f"The mesh is ready: {state.gateway}")


@click.command()
def down() -> None:
    """End the mesh; return once every process of it is gone."""
    mesh.end_mesh(CliSettings.load())
    click.echo("The mesh has ended.")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(as_json: bool) -> None:
    """Show the processes of the running mesh; status 3 when none runs."""
    state = mesh.running_mesh(CliSettings.load())
    if as_json:
        click.echo(json.dumps(shown(state)))
    elif state is None:
        click.echo("No mesh runs for this home.")
    else:
        Console().print(_table(state))
    if state is None:
        sys.exit(EXIT_NOT_RUNNING)


def shown(state: MeshState | None) -> dict[str, Any]:
    """Render a mesh as the JSON that `status --json` promises."""
    if state is None:
        return {"gateway": None, "processes": []}
    return {
        "gateway": state.gateway,
        "supervisor_pid": state.supervisor.pid,
        "processes": [asdict(process) for process in state.processes],
    }


def _table(state: MeshState) -> Table:
    table = Table(title=f"gateway {state.gateway}", title_justify="left")
    for name in ("process", "state", "pid", "restarts", "ended by", "address"):
        table.add_column(name, justify="right" if name in ("pid", "restarts") else "left")
    for one in state.processes:
        table.add_row(
            one.name,
            one.state,
            str(one.pid),
            str(one.restarts),
            one.cause,
            Text(one.address, overflow="fold"),
        )
    return table
