"""`brickwork gpu lease`: a program with memory of its own, for a while."""

import asyncio
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from brickwork_cli.commands.gpu_options import at_broker
from brickwork_cli.leased_program import LeasedProgram
from brickwork_cli.memory_board import expected
from brickwork_cli.settings import inherited
from brickwork_sdk.caller import WorkClass
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.leases.lease import Lease, leased
from brickwork_sdk.leases.terms import LeaseTerms
from brickwork_sdk.sizes import format_size
from brickwork_sdk.spans import format_span
from brickwork_sdk.vram import MemoryWait

EXIT_ENDED_FOR_OTHERS = 75
"""Source: sysexits.h, EX_TEMPFAIL: a temporary failure, the user is invited to retry."""


@click.command(context_settings={"allow_interspersed_args": False})
@at_broker
@click.option("--size", required=True, help="How much memory, such as 8GiB.")
@click.option("--for", "hold", required=True, help="For how long, such as 60m.")
@click.option("--least", help="How much is of use still; the program then listens to SIGUSR1.")
@click.option("--wait", help="How long to wait for it, such as 10m; else as long as it takes.")
@click.option(
    *("--class", "work_class"),
    type=click.Choice([one.value for one in WorkClass]),
    default=WorkClass.NOTEBOOK.value,
    show_default=True,
    help="How urgent it is: it decides about its place among those who wait.",
)
@click.option("--tenant", default="default", show_default=True, help="Who it is for.")
@click.option("--purpose", default="", help="What it is for; the program's name if absent.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def lease(
    address: str,
    size: str,
    hold: str,
    least: str | None,
    wait: str | None,
    work_class: str,
    tenant: str,
    purpose: str,
    command: tuple[str, ...],
) -> None:
    """Run a program with memory that nobody else is given meanwhile.

    Its environment says how much (BRICKWORK_LEASE_BYTES), of what (BRICKWORK_LEASE_DEVICE), and
    which file tells at any time how the lease stands (BRICKWORK_LEASE_FILE). Over its time it goes
    on as long as nobody else waits. Then it is asked to shrink (SIGUSR1, with --least), to keep
    what it has (SIGTERM), and is killed. The exit status is that of the program, or 75 when it was
    ended for others.
    """
    program = shutil.which(command[0])
    if program is None:
        raise InvalidInput(Reason.ARGUMENT_INVALID, f"There is no program {command[0]}.")
    terms = LeaseTerms.read(
        *(size, hold),
        least=least,
        wait=wait,
        purpose=purpose or Path(command[0]).name,
        work_class=WorkClass(work_class),
        tenant=tenant,
    )
    words = [str(Path(program).absolute()), *command[1:]]
    sys.exit(asyncio.run(_run(address, terms, words)))


async def _run(address: str, terms: LeaseTerms, words: list[str]) -> int:
    """Wait, run and give back; a signal ends each of these in order, and only once."""
    task = asyncio.current_task()
    assert task is not None, "this runs as a task"
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, _once(task.cancel))
    # Control-Z does nothing, to the program neither: a lease that stands still is not renewed.
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        return await _lease_and_run(address, terms, words)
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _lease_and_run(address: str, terms: LeaseTerms, words: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="brickwork-lease-") as folder:
        async with leased(address, terms, _Waiting().tell) as granted:
            lease_file = Path(folder) / "lease.json"
            what = f"{format_size(granted.token.granted_bytes)} of {granted.token.device}"
            _tell(f"{what} for {format_span(terms.hold_seconds)}.")
            program = LeasedProgram(granted, lease_file, _tell)
            status = await program.run(words, _variables(granted, lease_file, address))
    if program.ended_because:
        _tell(f"It was ended for others: {program.ended_because}")
        return EXIT_ENDED_FOR_OTHERS
    return status


def _variables(granted: Lease, lease_file: Path, address: str) -> dict[str, str]:
    """Return the environment of the program."""
    kind, _, index = granted.token.device.partition(":")
    return inherited(
        {
            "BRICKWORK_LEASE_BYTES": str(granted.token.granted_bytes),
            "BRICKWORK_LEASE_DEVICE": granted.token.device,
            "BRICKWORK_LEASE_FILE": str(lease_file),
            "BRICKWORK_GPU_BROKER": address,
            **({"CUDA_VISIBLE_DEVICES": index} if kind == "cuda" else {}),
        }
    )


class _Waiting:
    """Says why it takes so long, whenever there is something new to say."""

    def __init__(self) -> None:
        self._said = ""

    def tell(self, wait: MemoryWait) -> None:
        """Hear how the wait stands."""
        if wait.cause != self._said:
            self._said = wait.cause
            still = {
                "expected_seconds": wait.expected_seconds,
                "expected_at_most_seconds": wait.expected_at_most_seconds,
            }
            _tell(f"{wait.cause} ({expected(still)})")


def _once(act: Callable[[], object]) -> Callable[[], None]:
    """Return what does it the first time and nothing afterwards: an end is not interrupted."""
    acts = [act]

    def do() -> None:
        if acts:
            acts.pop()()

    return do


def _tell(sentence: str) -> None:
    click.echo(f"lease: {sentence}", err=True)
