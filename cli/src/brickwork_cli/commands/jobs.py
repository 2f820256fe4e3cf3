"""`brickwork jobs`."""

import json
from contextlib import closing
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.table import Column, Table

from brickwork_cli import mesh
from brickwork_cli.gateway_client import GatewayClient
from brickwork_cli.settings import CliSettings
from brickwork_cli.terminal_text import as_it_is
from brickwork_sdk.errors import NotPossible, Reason

JOB_ID_LENGTH = 32


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def jobs(as_json: bool) -> None:
    """List the jobs of the running mesh, the newest first."""
    state = mesh.running_mesh(CliSettings.load())
    if state is None:
        raise NotPossible(Reason.MESH_NOT_RUNNING, "No mesh runs for this home.")
    with closing(GatewayClient(state.gateway)) as client:
        found = client.jobs()
    if as_json:
        click.echo(json.dumps(found))
        return
    # The id is what the gateway is asked by, so that it is whole in a pipe too; a name may fold.
    table = Table(
        Column("job", width=JOB_ID_LENGTH),
        "state",
        Column("recording", overflow="fold"),
        Column("created (UTC)", no_wrap=True),
    )
    for job in found:
        created = datetime.fromisoformat(job["created_time"]).astimezone(UTC)
        table.add_row(
            job["job_id"], job["state"], as_it_is(job["name"]), f"{created:%Y-%m-%d %H:%M}"
        )
    Console().print(table)
