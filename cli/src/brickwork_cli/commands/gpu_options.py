"""What the commands of `brickwork gpu` have in common."""

from collections.abc import Callable
from typing import Any

import click

from brickwork_cli.mesh import home_of
from brickwork_cli.settings import CliSettings


def _socket(name: str) -> Callable[[], str]:
    return lambda: home_of(CliSettings.load()).socket(name)


at_broker: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--broker",
    "address",
    default=_socket("broker"),
    metavar="ADDRESS",
    help="Where the broker serves, unix:/path or host:port; the one of this home if absent.",
)
at_admin: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--admin",
    "admin_address",
    default=_socket("broker-admin"),
    metavar="ADDRESS",
    help="Where the broker serves its operators; the one of this home if absent.",
)
