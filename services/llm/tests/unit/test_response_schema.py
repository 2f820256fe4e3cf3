import json
from typing import Any

import pytest

from brickwork_llm.response_schema import BYTES_MAX, check_schema
from brickwork_sdk.errors import InvalidInput, Reason


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return schema


def doubling(steps: int) -> dict[str, Any]:
    """Return a schema that doubles at each of its references."""
    parts = {f"D{step}": {"anyOf": [{"$ref": f"#/$defs/D{step + 1}"}] * 2} for step in range(steps)}
    return {"$ref": "#/$defs/D0", "$defs": {**parts, f"D{steps}": {"type": "null"}}}


TREE = {"type": "array", "items": {"$ref": "#/$defs/Tree"}}
BOMBS = {
    "no-json": "{",
    "not-a-number": '{"minimum": NaN}',
    "a-list": "[]",
    "too-large": json.dumps({"enum": ["x" * BYTES_MAX]}),
    "deep-brackets": "[" * 30_000,
    "deep": json.dumps(nested(40)),
    "circle": json.dumps({"$ref": "#/$defs/Tree", "$defs": {"Tree": TREE}}),
    "circle-of-two": json.dumps(
        {"$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}}
    ),
    "itself": json.dumps({"items": {"$ref": "#"}}),
    "doubling": json.dumps(doubling(14)),
    "from-elsewhere": json.dumps({"$ref": "https://example.org/schema"}),
    "undefined": json.dumps({"$ref": "#/$defs/Nobody"}),
    "reference-that-is-no-text": json.dumps({"$ref": {"a": 1}}),
    "repeated-a-million-times": json.dumps({"type": "array", "maxItems": 10**6}),
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_a_schema_that_could_cost_more_than_its_answer_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_schema(text)
    assert caught.value.reason is Reason.ARGUMENT_INVALID
    assert caught.value.metadata["field"] == "response_schema"
    assert "example.org" not in caught.value.message


def test_a_schema_as_programs_make_them_passes() -> None:
    point = {"type": "object", "properties": {"text": {"type": "string", "maxLength": 500}}}
    points = {"type": "array", "items": {"$ref": "#/$defs/Point"}, "maxItems": 20}
    schema = {"type": "object", "properties": {"points": points}, "$defs": {"Point": point}}
    check_schema(json.dumps(schema))
    check_schema(json.dumps(nested(10)))
    check_schema(json.dumps(doubling(5)))
