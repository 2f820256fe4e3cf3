"""The JSON Schema that an answer must keep to, bounded before anybody compiles it.

A server makes a grammar of the schema. What is small as text can be huge or endless as a grammar:
references that lead in a circle or double at each step, deep nesting, repetition a million times.
"""

import json
from collections.abc import Iterator
from typing import Any

from brickwork_sdk.errors import InvalidInput, Reason

BYTES_MAX = 64 * 1024
DEPTH_MAX = 32
NODE_COUNT_MAX = 10_000
"""Objects, lists and values, each counted as often as references lead to it."""
REPEAT_COUNT_MAX = 10_000
"""An answer has at most 4,096 tokens, so that no more letters or items fit into it anyway."""
FIELD = "response_schema"
_REPEATS = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")
_HOMES = ("$defs", "definitions")


def check_schema(text: str) -> None:
    """Refuse a schema that is none, or that could cost more than its answer.

    Raises:
        InvalidInput: ARGUMENT_INVALID, with the field and what is wrong in the metadata.
    """
    if len(text.encode()) > BYTES_MAX:
        raise _refusal(f"has more than {BYTES_MAX:,} bytes")
    try:
        schema = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _refusal("is not JSON that can be read") from None
    if not isinstance(schema, dict):
        raise _refusal("is not a JSON object")
    _Measure(schema).node_count(schema, DEPTH_MAX)


class _Measure:
    """Counts what a schema comes to once its references are followed."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._homes = {
            f"#/{home}/{name}": part
            for home in _HOMES
            if isinstance(schema.get(home), dict)
            for name, part in schema[home].items()
        }
        self._counts: dict[str, int] = {}
        self._open: set[str] = set()

    def node_count(self, node: Any, depth_left: int) -> int:
        """Return how many nodes there are below one, itself included."""
        if depth_left == 0:
            raise _refusal(f"is nested more than {DEPTH_MAX} levels deep")
        count = 1
        if isinstance(node, dict):
            self._check_repeats(node)
            if "$ref" in node:
                count += self._referred_count(node["$ref"], depth_left - 1)
        for child in _children(node):
            count += self.node_count(child, depth_left - 1)
            if count > NODE_COUNT_MAX:
                raise _refusal(f"comes to more than {NODE_COUNT_MAX:,} nodes")
        return count

    def _referred_count(self, reference: object, depth_left: int) -> int:
        if not isinstance(reference, str) or reference not in self._homes:
            raise _refusal("refers to something outside of its own definitions")
        if reference in self._open:
            raise _refusal("refers to itself")
        if reference not in self._counts:
            self._open.add(reference)
            self._counts[reference] = self.node_count(self._homes[reference], depth_left)
            self._open.remove(reference)
        return self._counts[reference]

    def _check_repeats(self, node: dict[str, Any]) -> None:
        for name in _REPEATS:
            value = node.get(name)
            if isinstance(value, int | float) and value > REPEAT_COUNT_MAX:
                raise _refusal(f"repeats something more than {REPEAT_COUNT_MAX:,} times")


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from node.values()
    elif isinstance(node, list):
        yield from node


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def _refusal(fault: str) -> InvalidInput:
    return InvalidInput(
        Reason.ARGUMENT_INVALID,
        f"The schema of the answer {fault}.",
        metadata={"field": FIELD, "fault": fault},
    )
