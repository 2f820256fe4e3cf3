"""Where everything of one mesh lies."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from brickwork_sdk.addresses import SOCKET_PATH_BYTES_MAX
from brickwork_sdk.errors import NotPossible, Reason
from brickwork_sdk.full_disk import is_full

_LONGEST_SOCKET = "worker-interactive-16.sock.lock"


@dataclass(frozen=True)
class Home:
    """The folders of a mesh.

    Attributes:
        root: state that outlives the mesh: jobs, objects, logs.
        models: the model store; shared by all meshes of this machine.
    """

    root: Path
    models: Path

    @property
    def objects(self) -> Path:
        """The object store."""
        return self.root / "objects"

    @property
    def state(self) -> Path:
        """Ledgers and journals."""
        return self.root / "state"

    @property
    def logs(self) -> Path:
        """One file for each process."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Sockets, and the description of the running mesh.

        A socket's path has at most 107 bytes, so a home that lies deep gets a folder of its own
        name under the system's temporary folder instead.
        """
        run = self.root / "run"
        if len(os.fsencode(run / _LONGEST_SOCKET)) <= SOCKET_PATH_BYTES_MAX:
            return run
        name = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"brickwork-{os.geteuid()}-{name}"

    def socket(self, name: str) -> str:
        """Return the address of a process's socket."""
        return f"unix:{self.run / name}.sock"

    def log(self, name: str) -> Path:
        """Return the log file of a process."""
        return self.logs / f"{name}.log"

    def make(self) -> None:
        """Make the folders, for their owner alone.

        Raises:
            NotPossible: SETTING_INVALID or STORAGE_FULL.
        """
        make_folders(self.root, self.run, self.objects, self.state, self.logs)
        self.run.chmod(0o700)


def make_folders(*folders: Path) -> None:
    """Make folders of a home, for their owner alone.

    Raises:
        NotPossible: SETTING_INVALID, no folder can be made there; STORAGE_FULL.
    """
    for folder in folders:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise unusable(folder, error) from error


def write_whole(path: Path, text: str) -> None:
    """Put a file of a home where others find it, whole or not at all.

    Raises:
        NotPossible: STORAGE_FULL, or SETTING_INVALID where a home takes no file.
    """
    fresh = path.with_suffix(".new")
    try:
        fresh.write_text(text)
        fresh.replace(path)
    except OSError as error:
        raise unusable(path, error) from error


def unusable(path: Path, error: OSError) -> NotPossible:
    """Say that the home cannot be used, and why."""
    return NotPossible(
        Reason.STORAGE_FULL if is_full(error) else Reason.SETTING_INVALID,
        f"{path} cannot be made: {error.strerror}; BRICKWORK_CLI_HOME names another place.",
    )
