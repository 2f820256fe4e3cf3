"""What operators do to the broker; each act is in its audit log, with who did it and why."""

import os
import pwd
from collections.abc import Callable
from typing import Any

import click

from brickwork.broker.v1.admin_pb2 import Authority
from brickwork_cli.broker_admin_client import BrokerAdminClient
from brickwork_cli.broker_client import BrokerClient
from brickwork_cli.commands.gpu_options import at_admin, at_broker
from brickwork_sdk.caller import WorkClass
from brickwork_sdk.sizes import format_size

because: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--why", "reason", required=True, metavar="TEXT", help="Why; it goes into the audit log."
)


@click.command()
@at_admin
@because
def drain(admin_address: str, reason: str) -> None:
    """Grant nothing from now on; what is granted stays."""
    with BrokerAdminClient(admin_address) as broker:
        broker.set_draining(True, _authority(reason))
    click.echo("Nothing is granted until `brickwork gpu resume`.")


@click.command()
@at_admin
@because
def resume(admin_address: str, reason: str) -> None:
    """Grant again."""
    with BrokerAdminClient(admin_address) as broker:
        broker.set_draining(False, _authority(reason))
    click.echo("Memory is granted again.")


@click.command()
@at_broker
@at_admin
@because
@click.argument("token_id")
def override(token_id: str, address: str, admin_address: str, reason: str) -> None:
    """Declare the bytes of a quarantined token free, against missing evidence.

    If its processes still use them, they are lent twice: look at them first. TOKEN_ID is the id of
    the token, or the beginning of it.
    """
    with BrokerClient(address) as broker, BrokerAdminClient(admin_address) as admin:
        found = broker.token(token_id)
        freed_bytes = admin.override(found["token_id"], _authority(reason))
    click.echo(f"{format_size(freed_bytes)} of {found['token_id']} are free.")


@click.command()
@at_broker
@at_admin
@because
@click.argument("token_id")
@click.argument("work_class", metavar="CLASS", type=click.Choice([one.value for one in WorkClass]))
def reprioritise(
    token_id: str, work_class: str, address: str, admin_address: str, reason: str
) -> None:
    """Move a waiting token to another class, from which its place follows.

    TOKEN_ID is the id of the token, or the beginning of it.
    """
    with BrokerClient(address) as broker, BrokerAdminClient(admin_address) as admin:
        found = broker.token(token_id)
        place = admin.reprioritise(found["token_id"], work_class, _authority(reason))
    click.echo(f"{found['token_id']} waits at place {place['position']}: {place['cause']}")


def _authority(reason: str) -> Authority:
    """Say who does it: the user of this process, whatever its environment claims."""
    user = os.getuid()
    try:
        name = pwd.getpwuid(user).pw_name
    except KeyError:  # a container's user need not have a name
        name = f"user {user}"
    return Authority(operator=name, reason=reason)
