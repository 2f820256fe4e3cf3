"""`brickwork transcribe`: the main job from the command line."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from brickwork_cli import mesh
from brickwork_cli.board import Board
from brickwork_cli.gateway_client import GatewayClient
from brickwork_cli.report import print_result
from brickwork_cli.settings import CliSettings
from brickwork_sdk.errors import (
    BrickworkError,
    EngineFailed,
    InvalidInput,
    NotFound,
    NotPossible,
    Reason,
)
from brickwork_sdk.media.probe_process import checked_probe

PROBE_SECONDS = 30.0
RESULT = "result.json"


@click.command()
@click.argument("recording", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--translate", metavar="LANG", help="Translate into this language, such as pt.")
@click.option(
    "--language", metavar="LANG", help="Language that is spoken; heard by itself if absent."
)
@click.option("--summary", is_flag=True, help="Summarise it too.")
@click.option(
    "--json",
    "json_path",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="OUT",
    help="Write the whole result as JSON; - is standard output.",
)
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write JSON, SRT, VTT and TXT into this folder.",
)
def transcribe(
    recording: Path,
    translate: str | None,
    language: str | None,
    summary: bool,
    json_path: Path | None,
    folder: Path | None,
) -> None:
    """Transcribe a recording: who said what and when, and what its slides show.

    Uses the running mesh, or starts a private one and ends it. Progress goes to standard error.
    """
    _require_recording(recording)
    wanted = {"translate": translate, "language": language}
    parameters = {name: _language(name, value) for name, value in wanted.items() if value}
    parameters |= {"summary": "true" if summary else "false", "class": "interactive"}
    console = Console(stderr=True)
    with _gateway(console) as client:
        job = client.create_job(recording, parameters)
        job_id = str(job["job_id"])
        try:
            _follow(client, job_id, console)
        except KeyboardInterrupt:
            with suppress(BrickworkError):  # the mesh may be going down for the same reason
                client.cancel_job(job_id)
            raise
        artifacts = {name: client.artifact(job_id, name) for name in client.artifact_names(job_id)}
    _deliver(artifacts, recording, json_path, folder)


def _require_recording(path: Path) -> None:
    """Refuse what can never be transcribed before anything is started for it."""
    if not path.exists():
        raise NotFound(Reason.MEDIA_MISSING, f"There is no file {path}.")
    if not path.is_file():
        raise InvalidInput(Reason.MEDIA_NOT_A_FILE, f"{path} is not a file.")
    if path.stat().st_size == 0:
        raise InvalidInput(Reason.MEDIA_EMPTY, f"{path} is empty.")
    info = asyncio.run(checked_probe(path, PROBE_SECONDS))
    if not info.has_audio:
        raise InvalidInput(Reason.NO_AUDIO_STREAM, f"{path} has no sound.")


def _language(option: str, value: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}", value):
        raise InvalidInput(
            Reason.LANGUAGE_UNKNOWN,
            f"--{option} takes a code such as en or pt, and not {value!r}.",
            metadata={"language": value[:32]},
        )
    return value


@contextmanager
def _gateway(console: Console) -> Iterator[GatewayClient]:
    settings = CliSettings.load()
    state = mesh.running_mesh(settings)
    with ExitStack() as stack:
        if state is None or not state.is_ready:
            console.print("Starting a private mesh …", highlight=False)
            state = stack.enter_context(mesh.private_mesh(settings))
        yield stack.enter_context(closing(GatewayClient(state.gateway)))


def _follow(client: GatewayClient, job_id: str, console: Console) -> None:
    """Show progress until the job ends; raise why it failed."""
    with Board(console) as board:
        for event in client.events(job_id):
            board.show(event.kind, event.body)
    job = client.job(job_id)
    if job["state"] == "cancelled":
        raise NotPossible(Reason.JOB_CANCELLED, "The job was cancelled.")
    if job["state"] != "completed":
        problem = job["error"] or {"reason": Reason.UNEXPECTED, "message": "The job failed."}
        raise EngineFailed(Reason(problem["reason"]), problem["message"])


def _deliver(
    artifacts: dict[str, bytes], recording: Path, json_path: Path | None, folder: Path | None
) -> None:
    """Write the files that were asked for, then print."""
    result: dict[str, Any] = json.loads(artifacts[RESULT])
    written = []
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in artifacts.items():
            written.append(folder / f"{recording.stem}{Path(name).suffix}")
            _write(written[-1], content)
    if json_path is not None and str(json_path) != "-":
        _write(json_path, artifacts[RESULT])
        written.append(json_path)
    if str(json_path) == "-":
        click.echo(artifacts[RESULT])
        return
    print_result(Console(), result)
    for path in written:
        click.echo(f"wrote {path}")


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_bytes(content)
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise NotPossible(
            Reason.STORAGE_FULL if error.errno == 28 else Reason.ARGUMENT_INVALID,
            f"{path} cannot be written: {error.strerror}.",
        ) from error
