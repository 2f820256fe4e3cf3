"""The files into which a result goes."""

import errno
import os
import secrets
from pathlib import Path

from brickwork_sdk.errors import NotPossible, Reason
from brickwork_sdk.full_disk import is_full


def require_writable(path: Path) -> None:
    """Refuse what can never be written before minutes of work are spent on it.

    Raises:
        NotPossible: ARGUMENT_INVALID, it is a folder, or no file can be made there.
    """
    try:
        nearest = next(place for place in path.absolute().parents if place.exists())
        _require(not path.is_dir(), errno.EISDIR)
        _require(nearest.is_dir(), errno.ENOTDIR)
        _require(os.access(nearest, os.W_OK | os.X_OK), errno.EACCES)
    except OSError as error:
        raise _refused(path, error) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; folders above it are made.

    Raises:
        NotPossible: STORAGE_FULL or ARGUMENT_INVALID.
    """
    try:
        target = path.resolve()  # a link stays a link
        if target.exists() and not target.is_file():
            target.write_bytes(content)  # a device or a pipe is no file to put another one for
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        # Not made of the target's name, which may be as long as a name can be.
        fresh = target.with_name(f".{secrets.token_hex(8)}.new")
        try:
            fresh.write_bytes(content)
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise _refused(path, error) from error


def _require(holds: bool, otherwise: int) -> None:
    if not holds:
        raise OSError(otherwise, os.strerror(otherwise))


def _refused(path: Path, error: OSError) -> NotPossible:
    return NotPossible(
        Reason.STORAGE_FULL if is_full(error) else Reason.ARGUMENT_INVALID,
        f"{path} cannot be written: {error.strerror}.",
    )
