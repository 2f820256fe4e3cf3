"""`brickwork`: runs the mesh on this machine and sends work through it."""

import importlib
import os
import signal
import sys
import traceback
from typing import Any

import click

from brickwork_cli.mesh import home_of
from brickwork_cli.settings import CliSettings
from brickwork_sdk.errors import BrickworkError

EXIT_REFUSED = 1
EXIT_INTERRUPTED = 130


_MODULES = {
    "up": "mesh",
    "down": "mesh",
    "status": "mesh",
    "restart": "restart",
    "transcribe": "transcribe",
    "listen": "listen",
    "jobs": "jobs",
    "gpu": "gpu",
    "models": "models",
    "audit": "audit",
}
"""Which module of `commands` has a command. Only that of the one that is called is loaded: the
gateway's client alone takes a quarter of the time until `brickwork up` begins."""


class _Handle(click.Group):
    """A group whose every failure is one clear line on stderr and a non-zero status."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands."""
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command; None when there is no such."""
        if cmd_name not in _MODULES:
            return None
        module = importlib.import_module(f"brickwork_cli.commands.{_MODULES[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BrickworkError as error:
            click.echo(f"error: {error.message} [{error.reason.value}]", err=True)
            ctx.exit(EXIT_REFUSED)
        except (click.exceptions.Exit, click.ClickException, click.exceptions.Abort):
            raise
        except BrokenPipeError:
            # Whoever read our output has enough of it; what is still in the buffer goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(EXIT_REFUSED)
        except Exception as error:
            click.echo(f"error: A bug of ours; {_noted(error)}. [UNEXPECTED]", err=True)
            ctx.exit(EXIT_REFUSED)


@click.group(cls=_Handle, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="brickwork-cli")
def brickwork() -> None:
    """Transcribe recordings with models that never leave this machine.

    `brickwork transcribe FILE` is the main job. It uses the running mesh, or starts one of its own
    and ends it. Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 not running,
    130 interrupted.
    """


def main() -> None:
    """Run the handle."""
    # A supervisor or a terminal that ends us asks with SIGTERM: leave as after Control-C.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        status = brickwork.main(standalone_mode=False)
    except click.exceptions.Abort:
        status = EXIT_INTERRUPTED
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    sys.exit(status if isinstance(status, int) else 0)


def _noted(error: Exception) -> str:
    """Write down what a developer needs, away from the eyes of the user, and say where."""
    try:
        home = home_of(CliSettings.load())
        home.make()
        log = home.log("brickwork")
        with log.open("a") as lines:
            lines.writelines(traceback.format_exception(error))
    except (BrickworkError, OSError):
        return f"it is {type(error).__name__}, and no log of it could be written"
    return f"{log} tells where"


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
