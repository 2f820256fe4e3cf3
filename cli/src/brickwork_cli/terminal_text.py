"""Text of others on a terminal."""

from rich.text import Text


def as_it_is(name: str, style: str = "") -> Text:
    """Show a name as it is: it may look like markup, or like orders to a terminal."""
    signs = (sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in name)
    return Text("".join(signs), style=style)
