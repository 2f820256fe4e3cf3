"""`brickwork audit`: whether the broker's log is whole, what it says, and its signed head."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from brickwork_cli.auditor import ask
from brickwork_cli.mesh import home_of
from brickwork_cli.settings import CliSettings
from brickwork_sdk.audit.chain import check_chain
from brickwork_sdk.audit.head import export_head, read_head
from brickwork_sdk.errors import NotPossible, Reason
from brickwork_sdk.full_disk import is_full

GIB = 1 << 30
SECONDS_OF_AN_HOUR = 3600

_folder = click.argument(
    "folder",
    metavar="[PATH]",
    required=False,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@click.group()
def audit() -> None:
    """Look at the audit log: each change of each token, who did it, and why.

    PATH is the folder of a log; the one of the broker of this home unless named.
    """


@audit.command()
@_folder
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A signed head that was kept elsewhere; may be given again.",
)
@_as_json
def verify(folder: Path | None, heads: tuple[Path, ...], as_json: bool) -> None:
    """Check that no record was changed or lost, and that no promise is broken by what they say.

    Status 1 where anything is wrong.
    """
    folder = folder or _own()
    with _readable(folder):
        chain = check_chain(folder, [read_head(path) for path in heads])
        history = ask("history", folder)
    wrong = [one.message for one in chain.damages]
    wrong += [f"{one['promise']}: {one['message']}" for one in history["breaches"]]
    if as_json:
        click.echo(json.dumps({**asdict(chain), **history}))
    else:
        for one in wrong:
            click.echo(one)
    if wrong:
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise NotPossible(Reason.AUDIT_LOG_DAMAGED, f"The log is not in order: {wrong[0]}{more}")
    if not as_json:
        missing = f", {chain.missing_count:,} missing for want of room" * bool(chain.missing_count)
        click.echo(
            f"Whole, and every promise kept: {chain.record_count:,} records{missing}, from "
            f"{chain.first_time} to {chain.last_time}, {chain.head_count} signed heads."
        )


@audit.command()
@_folder
@click.option(
    "--since",
    metavar="TIME",
    type=click.DateTime(("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")),
    help="Count only from then on, in UTC; such as 2026-11-01.",
)
@_as_json
def usage(folder: Path | None, since: datetime | None, as_json: bool) -> None:
    """Add up how much memory each tenant had, for how long."""
    folder = folder or _own()
    words = () if since is None else ("--since", since.replace(tzinfo=UTC).isoformat())
    with _readable(folder):
        damages = check_chain(folder).damages
        if damages:
            raise NotPossible(Reason.AUDIT_LOG_DAMAGED, damages[0].message)
        told = ask("usage", folder, *words)
    if as_json:
        click.echo(json.dumps(told))
        return
    table = Table("tenant", "tokens", "GiB hours granted", "GiB hours used")
    for one in told["tenants"]:
        hours = (
            f"{one[of] / GIB / SECONDS_OF_AN_HOUR:,.3f}"
            for of in ("granted_byte_seconds", "used_byte_seconds")
        )
        table.add_row(one["tenant"], f"{one['token_count']:,}", *hours)
    Console().print(table)


@audit.command()
@_folder
@_as_json
def head(folder: Path | None, as_json: bool) -> None:
    """Sign the last record and say in which file that is; keep a copy of it elsewhere.

    With --json the signed head itself is printed.
    """
    folder = folder or _own()
    with _readable(folder):
        path = export_head(folder)
    click.echo(json.dumps(asdict(read_head(path))) if as_json else path)


def _own() -> Path:
    return home_of(CliSettings.load()).state / "broker" / "audit"


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotPossible(
            Reason.STORAGE_FULL if is_full(error) else Reason.ARGUMENT_INVALID,
            f"The audit log in {folder} cannot be used: {error.strerror}.",
        ) from error
