"""Where a process listens, checked before gRPC sees it.

Left to itself gRPC takes over the socket file of a running server, lets two
processes share one TCP port, and cuts a long socket path without a word.
"""

import errno
import fcntl
import os
import re
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from brickwork_sdk.errors import InvalidInput, NotPossible, Reason

SOCKET_PATH_BYTES_MAX = 107
"""Longest socket path. Source: unix(7), sun_path has 108 bytes with the closing zero."""

_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})")


def split_host_and_port(address: str) -> tuple[str, int]:
    """Split `host:port` and check the port.

    Raises:
        InvalidInput: ADDRESS_INVALID.
    """
    match = _HOST_AND_PORT.fullmatch(address)
    if match is None or not 1 <= int(match["port"]) <= 65535:
        raise invalid_address(address, "is neither unix:/path nor host:port")
    return match["host"].strip("[]"), int(match["port"])


@contextmanager
def reserved(address: str) -> Iterator[None]:
    """Hold an address for this process, so that a server can bind to it inside.

    The folder of a socket is made for its owner alone; a socket file that a
    dead process left behind is removed.

    Raises:
        InvalidInput: ADDRESS_INVALID, nobody could listen there.
        NotPossible: ADDRESS_TAKEN, another process does.
    """
    if address.startswith("unix:"):
        with _reserved_socket(Path(address.removeprefix("unix:"))):
            yield
    else:
        _require_free_port(address)
        yield


@contextmanager
def _reserved_socket(path: Path) -> Iterator[None]:
    address = f"unix:{path}"
    if not path.is_absolute():
        raise invalid_address(address, "is not an absolute path")
    if len(os.fsencode(path)) > SOCKET_PATH_BYTES_MAX:
        raise invalid_address(address, f"is longer than {SOCKET_PATH_BYTES_MAX} bytes")
    _require_private_folder(path)
    # The lock decides between two that start at once; the kernel drops it with its holder.
    with path.with_name(path.name + ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _taken(address) from None
        if path.is_socket():
            if _answers(path):
                raise _taken(address)
            path.unlink()
        elif path.exists():
            raise invalid_address(address, "is the name of something that is no socket")
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _require_private_folder(path: Path) -> None:
    address, folder = f"unix:{path}", path.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.stat()
    except OSError as error:
        raise invalid_address(
            address, f"lies in a folder that cannot be made: {error.strerror}"
        ) from error
    if about.st_uid != os.geteuid() or stat.S_IMODE(about.st_mode) & 0o077:
        raise invalid_address(address, "lies in a folder that others may enter; it needs mode 0700")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise invalid_address(address, "lies in a folder that cannot be written to")


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(os.fsencode(path))
        except ConnectionRefusedError:
            return False
    return True


def _require_free_port(address: str) -> None:
    """Bind and let go again: only this tells why an address cannot be listened on."""
    host, port = split_host_and_port(address)
    try:
        where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(where[0], where[1]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where[4])
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise _taken(address) from error
        raise invalid_address(address, f"cannot be listened on: {error.strerror}") from error


def invalid_address(address: str, fault: str) -> InvalidInput:
    """Say that nobody can listen at an address, or call it, and why."""
    return InvalidInput(
        Reason.ADDRESS_INVALID,
        f"The address {address} {fault}.",
        metadata={"address": address},
    )


def _taken(address: str) -> NotPossible:
    return NotPossible(
        Reason.ADDRESS_TAKEN,
        f"Another process listens on {address} already.",
        metadata={"address": address},
    )
