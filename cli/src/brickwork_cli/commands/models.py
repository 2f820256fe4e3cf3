"""`brickwork models`: what the model store holds, and how it is filled."""

import json
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from brickwork_cli import mesh
from brickwork_cli.plan import BRICKS
from brickwork_cli.settings import CliSettings
from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.model_build import build as build_model
from brickwork_sdk.models import CatalogueEntry, ModelStore, load_catalogue
from brickwork_sdk.own_models import read_own
from brickwork_sdk.sizes import format_size

_OWN = click.option(
    "--own",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file of your own models, written as a brick's models.json.",
)


@click.group()
def models() -> None:
    """Look at the model store and fill it; nothing is ever fetched at run time."""


@models.command()
@click.option(
    "--from",
    "wheels",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder into which the model wheels are installed.",
)
@_OWN
def build(wheels: Path, own: Path | None) -> None:
    """Build every model of the installed bricks into the store; what is there stays.

    With `--own`, those of that file alone.
    """
    store = ModelStore(mesh.home_of(CliSettings.load()).models)
    for brick, entry in _own(own) if own else _catalogue():
        model = build_model(store, entry, wheels.absolute())
        click.echo(f"{brick}: {model.name} {model.digest[:12]}", err=True)


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@_OWN
def list_models(as_json: bool, own: Path | None) -> None:
    """List the models, whether they are there, and whether they are the right ones."""
    store = ModelStore(mesh.home_of(CliSettings.load()).models)
    found = [
        {
            "name": entry.name,
            "brick": brick,
            "state": _state(store, entry),
            "footprint_bytes": entry.footprint_bytes,
            "licence": entry.licence,
        }
        for brick, entry in (*_catalogue(), *(_own(own) if own else ()))
    ]
    if as_json:
        click.echo(json.dumps(found))
        return
    table = Table("model", "brick", "state", "memory", "licence")
    for one in found:
        size = format_size(int(str(one["footprint_bytes"])))
        table.add_row(
            *(str(one[key]) for key in ("name", "brick", "state")), size, str(one["licence"])
        )
    Console().print(table)


def _catalogue() -> list[tuple[str, CatalogueEntry]]:
    return [
        (brick, entry)
        for brick in BRICKS
        if _is_installed(brick)
        for entry in load_catalogue(f"brickwork_{brick}")
    ]


def _own(path: Path) -> list[tuple[str, CatalogueEntry]]:
    """Return the models of a site, each with the brick that its engine belongs to."""
    return [
        (entry.engine.partition(".")[0].removeprefix("brickwork_"), entry)
        for entry in read_own(path)
    ]


def _is_installed(brick: str) -> bool:
    try:
        distribution(f"brickwork-{brick}")
    except PackageNotFoundError:
        return False
    return True


def _state(store: ModelStore, entry: CatalogueEntry) -> str:
    try:
        found = store.get(entry.name)
    except BrickworkError as error:
        return error.reason.value
    return "ready" if found.manifest == entry.manifest else "MODEL_DIGEST_MISMATCH"
