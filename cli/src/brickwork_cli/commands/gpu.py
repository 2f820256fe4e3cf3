"""`brickwork gpu`: who holds memory, who waits for it, and why."""

import json

import click
from rich.console import Console
from rich.live import Live

from brickwork_cli.broker_admin_client import BrokerAdminClient
from brickwork_cli.broker_client import BrokerClient
from brickwork_cli.commands.gpu_lease import lease
from brickwork_cli.commands.gpu_operate import drain, override, reprioritise, resume
from brickwork_cli.commands.gpu_options import at_admin, at_broker
from brickwork_cli.memory_board import board, explained, timeline
from brickwork_cli.memory_news import MemoryNews


@click.group(invoke_without_command=True)
@at_broker
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option("--watch", is_flag=True, help="Show it again whenever it changes.")
@click.pass_context
def gpu(context: click.Context, address: str, as_json: bool, watch: bool) -> None:
    """Show who holds how much memory, who waits for it, and because of what.

    It is the memory of a GPU, or of this machine where none is lent. With --watch it is drawn anew
    on a terminal; elsewhere each change is a line, and with --json each state is.
    """
    if context.invoked_subcommand is not None:
        return
    with BrokerClient(address) as broker:
        if watch:
            _watch(broker, as_json)
        elif as_json:
            click.echo(json.dumps(broker.memory()))
        else:
            Console().print(board(broker.memory()))


@gpu.command()
@at_broker
@click.argument("token_id")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def explain(token_id: str, address: str, as_json: bool) -> None:
    """Say why a token waits, for how long still, and who makes room for it.

    TOKEN_ID is the id of the token, or the beginning of it.
    """
    with BrokerClient(address) as broker:
        waiter = broker.token(token_id)
        wait = broker.explain(waiter["token_id"])
    if as_json:
        click.echo(json.dumps(wait))
    else:
        Console().print(explained(wait, waiter))


@gpu.command()
@at_admin
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=50,
    show_default=True,
    help="At most so many.",
)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def history(limit: int, admin_address: str, as_json: bool) -> None:
    """List what happened to tokens, the latest last."""
    with BrokerAdminClient(admin_address) as broker:
        transitions = broker.history(limit)
    if as_json:
        click.echo(json.dumps(transitions))
    else:
        Console().print(timeline(transitions))


def _watch(broker: BrokerClient, as_json: bool) -> None:
    """Show every state until somebody has seen enough."""
    console = Console()
    if console.is_terminal and not as_json:
        with Live(console=console, screen=True, auto_refresh=False) as live:
            for memory in broker.memories():
                live.update(board(memory), refresh=True)
    news = MemoryNews()
    for memory in broker.memories():
        for line in [json.dumps(memory)] if as_json else news.lines(memory):
            click.echo(line)


for _command in (lease, drain, resume, override, reprioritise):
    gpu.add_command(_command)
