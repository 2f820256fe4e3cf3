"""`brickwork transcribe`: the main job from the command line."""

import asyncio
import json
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import click
from rich.console import Console

from brickwork_cli import mesh
from brickwork_cli.board import Board
from brickwork_cli.gateway_client import GatewayClient
from brickwork_cli.outputs import require_writable, write_whole
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
from brickwork_sdk.speech_context import require_speech_context

PROBE_SECONDS = 30.0
RESULT = "result.json"


@click.command()
@click.argument("recording", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--translate", metavar="LANG", help="Translate into this language, such as pt.")
@click.option(
    "--language", metavar="LANG", help="Language that is spoken; heard by itself if absent."
)
@click.option(
    "--task",
    type=click.Choice(("transcribe", "translate")),
    default="transcribe",
    help="With translate the model for speech writes English, whatever is spoken.",
)
@click.option("--prompt", default="", metavar="TEXT", help="Text as could have come before.")
@click.option(
    "--hot-word",
    "hot_words",
    multiple=True,
    metavar="WORD",
    help="A name or term that may be said; may be given several times.",
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
    task: str,
    prompt: str,
    hot_words: tuple[str, ...],
    summary: bool,
    json_path: Path | None,
    folder: Path | None,
) -> None:
    """Transcribe a recording: who said what and when, and what its slides show.

    Uses the running mesh, or starts a private one and ends it. Progress goes to standard error.
    """
    require_speech_context(prompt, hot_words)
    _require_recording(recording)
    wanted = {"translate": translate, "language": language}
    parameters: dict[str, str | Sequence[str]] = {
        **{name: _language(name, value) for name, value in wanted.items() if value},
        **{"summary": "true" if summary else "false", "class": "interactive"},
        **{"task": task, "prompt": prompt, "hot_words": hot_words},
    }
    for path in _targets(recording, json_path, folder):
        require_writable(path)
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
    try:
        about = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(Reason.MEDIA_MISSING, f"There is no file {path}.") from None
    except OSError as error:
        raise NotFound(
            Reason.MEDIA_MISSING, f"{path} cannot be looked up: {error.strerror}."
        ) from error
    if not stat.S_ISREG(about.st_mode):
        raise InvalidInput(Reason.MEDIA_NOT_A_FILE, f"{path} is not a file.")
    if about.st_size == 0:
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


def _targets(recording: Path, json_path: Path | None, folder: Path | None) -> list[Path]:
    """List where a result will be written, as far as that is known before there is one."""
    named = [json_path] if json_path is not None and str(json_path) != "-" else []
    return named if folder is None else [*named, folder / f"{recording.stem}.json"]


def _file_name(recording: Path, artifact: str) -> str:
    """Name an artifact after its recording; what it is stands before its ending if it must."""
    of = Path(artifact)
    kind = "" if of.stem in ("result", "transcript") else f".{of.stem}"
    return f"{recording.stem}{kind}{of.suffix}"


def _deliver(
    artifacts: dict[str, bytes], recording: Path, json_path: Path | None, folder: Path | None
) -> None:
    """Write the files that were asked for, and print whatever becomes of them."""
    contents = {
        folder / _file_name(recording, name): content
        for name, content in artifacts.items()
        if folder is not None
    }
    prints_json = str(json_path) == "-"
    if json_path is not None and not prints_json:
        contents[json_path] = artifacts[RESULT]
    try:
        for path, content in contents.items():
            write_whole(path, content)
    finally:
        if prints_json:
            click.echo(artifacts[RESULT])
        else:
            print_result(Console(), json.loads(artifacts[RESULT]))
    for path in contents:
        click.echo(f"wrote {click.format_filename(path)}", err=prints_json)
