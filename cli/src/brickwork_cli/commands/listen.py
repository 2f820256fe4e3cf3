"""`brickwork listen`: what is said, while it is said."""

from collections.abc import Iterator
from typing import Any

import click
import grpc
from google.protobuf import json_format
from rich.console import Console
from rich.live import Live
from rich.text import Text

from brickwork.asr.v1 import asr_pb2, asr_pb2_grpc
from brickwork_cli.live_sound import LiveSound, live_sound
from brickwork_cli.mesh import home_of
from brickwork_cli.settings import CliSettings
from brickwork_cli.terminal_text import as_it_is
from brickwork_sdk.channels import OPTIONS
from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.rich_status import error_from_rpc
from brickwork_sdk.targets import target_of

Event = asr_pb2.TranscribeLiveAudioResponse
_ENDS = (".", "?", "!", "…", "。", "？", "！")


@click.command()
@click.argument("source", type=click.File("rb"), default="-", metavar="[FILE|-]")
@click.option(
    "--rate",
    "rate_hz",
    type=int,
    default=16_000,
    show_default=True,
    help="Samples per second of raw sound; a WAV file says it by itself.",
)
@click.option(
    "--language", metavar="LANG", help="Language that is spoken; heard by itself if absent."
)
@click.option("--prompt", default="", metavar="TEXT", help="Text as could have come before.")
@click.option(
    "--hot-word",
    "hot_words",
    multiple=True,
    metavar="WORD",
    help="A name or term that may be said; may be given several times.",
)
@click.option("--model", default="", help="The model that listens; the default one if absent.")
@click.option("--json", "as_json", is_flag=True, help="Print each event as a line of JSON.")
@click.option(
    "--asr",
    "address",
    default=lambda: home_of(CliSettings.load()).socket("asr"),
    metavar="ADDRESS",
    help="Where the asr brick serves, unix:/path or host:port; the one of this home if absent.",
)
def listen(
    source: Any,
    rate_hz: int,
    language: str | None,
    prompt: str,
    hot_words: tuple[str, ...],
    model: str,
    as_json: bool,
    address: str,
) -> None:
    """Write down what is said while it is said, from a pipe or a file.

    FILE is a WAV file, or raw samples, of one channel and 16 bits; - is standard input. Uses the
    running mesh. Words that may still change are drawn dim on a terminal.
    """
    sound = live_sound(source, rate_hz)
    config = asr_pb2.LiveAudioConfig(
        model=model,
        language=language,
        sample_rate_hz=sound.rate_hz,
        encoding=asr_pb2.AUDIO_ENCODING_PCM_S16LE,
        prompt=prompt,
        hot_words=hot_words,
    )
    with grpc.insecure_channel(target_of(address), options=OPTIONS) as channel:
        call = asr_pb2_grpc.AsrServiceStub(channel).TranscribeLiveAudio(_sent(config, sound))
        try:
            _print_json(call) if as_json else _draw(call)
        except grpc.RpcError as error:
            raise _meant(error) from error
        finally:
            call.cancel()


def _sent(
    config: asr_pb2.LiveAudioConfig, sound: LiveSound
) -> Iterator[asr_pb2.TranscribeLiveAudioRequest]:
    yield asr_pb2.TranscribeLiveAudioRequest(config=config)
    for chunk in sound.chunks:
        yield asr_pb2.TranscribeLiveAudioRequest(chunk=chunk)


def _print_json(events: Iterator[Event]) -> None:
    for event in events:
        click.echo(json_format.MessageToJson(event, indent=None))


def _draw(events: Iterator[Event]) -> None:
    """Print a line for each sentence, and below it the one that is being said."""
    console, sentence = Console(), ""
    with Live(console=console, auto_refresh=False, transient=True) as live:
        for event in events:
            rest = ""
            if event.HasField("segment"):
                sentence = f"{sentence} {event.segment.text}".lstrip()
                if sentence.endswith(_ENDS):
                    console.print(as_it_is(sentence))
                    sentence = ""
            elif event.HasField("partial"):
                rest = event.partial.text
            elif not event.HasField("waiting"):
                continue
            if console.is_terminal:
                said = Text.assemble(as_it_is(sentence), " ", as_it_is(rest, "dim"))
                waits = as_it_is(event.waiting.cause, "yellow")
                live.update(waits if event.HasField("waiting") else said, refresh=True)
    if sentence:
        console.print(as_it_is(sentence))


def _meant(error: grpc.RpcError) -> BrickworkError:
    found = error_from_rpc(error)
    if found.reason is Reason.BRICK_UNREACHABLE:
        found.message = "The asr brick does not answer; `brickwork up` starts a mesh."
    return found
