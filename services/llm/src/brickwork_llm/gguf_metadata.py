"""Read typed values from the metadata of a GGUF file."""

from typing import Any

import gguf


def number(reader: gguf.GGUFReader, key: str) -> Any:
    """Return a number, an int or a float as the file declares it."""
    value = _value(reader, key)
    if not isinstance(value, int | float):
        raise ValueError(f"{key} is not a number in this GGUF file")
    return value


def text(reader: gguf.GGUFReader, key: str) -> str:
    """Return a text."""
    value = _value(reader, key)
    if not isinstance(value, str):
        raise ValueError(f"{key} is not a text in this GGUF file")
    return value


def texts(reader: gguf.GGUFReader, key: str) -> list[str]:
    """Return a list of texts."""
    return [str(item) for item in _value(reader, key)]


def numbers(reader: gguf.GGUFReader, key: str) -> list[int]:
    """Return a list of whole numbers."""
    return [int(item) for item in _value(reader, key)]


def _value(reader: gguf.GGUFReader, key: str) -> Any:
    field = reader.get_field(key)
    if field is None:
        raise ValueError(f"{key} is missing from this GGUF file")
    return field.contents()
