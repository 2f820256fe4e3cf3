"""`brickwork restart`."""

import json
from dataclasses import asdict

import click

from brickwork_cli.mesh import home_of
from brickwork_cli.restarts import ask_for_restart
from brickwork_cli.settings import CliSettings


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print what was restarted as JSON.")
def restart(name: str, as_json: bool) -> None:
    """Start a service of the running mesh anew, one process after the other.

    NAME is a service, such as asr, or one of its processes, such as asr-1. A process lets its
    running calls end and answers again before the next one goes. With two replicas no call fails;
    a lone process is away for seconds, and jobs wait for it.
    """
    restarted = []
    for one in ask_for_restart(home_of(CliSettings.load()), name):
        restarted.append(asdict(one))
        if not as_json:
            click.echo(f"{one.name} is ready again after {one.seconds:.1f} s (pid {one.pid}).")
    if as_json:
        click.echo(json.dumps({"restarted": restarted}))
