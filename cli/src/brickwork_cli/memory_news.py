"""What changed of the memory, a line each, where nobody watches a terminal."""

from collections.abc import Iterator

from brickwork_cli.memory_board import closed, who
from brickwork_cli.terminal_text import as_it_is
from brickwork_sdk.sizes import format_size
from brickwork_sdk.vram.view import View


class MemoryNews:
    """Compares what is told with what was told before."""

    def __init__(self) -> None:
        self._closed: list[str] = []
        self._tokens: dict[str, str] = {}

    def lines(self, memory: View) -> Iterator[str]:
        """Yield a line for each token whose state, demand, place or cause has changed."""
        before, self._closed = self._closed, list(closed(memory))
        yield from (sentence for sentence in self._closed if sentence not in before)
        if before and not self._closed:
            yield "Memory is granted again."
        told, self._tokens = self._tokens, {one["token_id"]: _told(one) for one in memory["tokens"]}
        for token_id, line in self._tokens.items():
            if told.get(token_id) != line:
                yield as_it_is(f"{token_id} {line}").plain
        for token_id in told.keys() - self._tokens.keys():
            yield as_it_is(f"{token_id} is over").plain


def _told(token: View) -> str:
    """Say how a token stands, without what changes by itself from second to second."""
    place, demand = token["place"], token["demand"]
    if token["state"] == "queued":
        waits = f"{who(token)} waits for {format_size(token['guaranteed_bytes'])}"
        return f"{waits} at place {place['position']}: {place['cause']}" if place else waits
    stands = f"{who(token)} {token['state']} {format_size(token['granted_bytes'])}"
    return f"{stands}: {demand['cause']}" if demand else stands
