"""Inputs that nobody sends on purpose, made of the descriptor of a request and of a seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b\r\n\x1b[31m",
    "\u202eright to left\u2066",
    "\ufeff\u200b\u0301",
    "\U0001d518" * 99,
    "word " * 3_000,
    "x" * 20_000,
    "../../secret",
    "0" * 64,
    "%s%n{0}{{",
    '{"type": "object"}',
    "{" * 2_000,
    "[" * 2_000 + "]" * 2_000,
    "<b>&amp;</i>",
    "en",
    "EN-us",
    "auto",
    "klingon",
)
COUNTS = (0, 1, 2, 5, 1_001)
REPEATED_BYTES_MAX = 100_000
"""A bound for what is repeated, so that an input stays below the limit of a message."""

_SMALL = (0, 1, -1, 2, 20, 16_000)
_BITS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_FLOATS = (0.0, -0.0, 1.0, -1.0, 1e-45, 3.4e38, float("inf"), float("-inf"), float("nan"))
_ENUMS = (0, 1, 2, 99, -1, 2**31 - 1)


@dataclass(frozen=True)
class Hostile:
    """A source of inputs; the same seed makes the same ones.

    Attributes:
        random: where every choice comes from.
        media: whole media of every kind, which it damages or puts where they do not belong.
    """

    random: Random
    media: Sequence[bytes]

    def call(self, good: Sequence[Message], *, is_streaming: bool) -> list[bytes]:
        """Return the messages of one call, made from those of a good one.

        Args:
            good: messages that the RPC answers rightly, in their order.
            is_streaming: whether the RPC takes several; else there is mostly one.
        """
        if not is_streaming:
            count = self.random.choices((0, 1, 2), (1, 30, 1))[0]
            return [self._message(good[0]) for _ in range(count)]
        if self.random.random() < 0.5:  # In order, so that what follows the first is looked at.
            first, *rest = good
            spoilt = [self._message(one) for one in rest for _ in range(self.random.randint(0, 3))]
            return [first.SerializeToString(), *spoilt]
        count = self.random.randint(0, 6)
        return [self._message(self.random.choice(good)) for _ in range(count)]

    def _message(self, good: Message) -> bytes:
        kind = self.random.random()
        if kind < 0.1:
            return good.SerializeToString()
        if kind < 0.3:
            return self._damaged(good.SerializeToString())
        made = type(good)()
        if kind < 0.8:
            made.CopyFrom(good)
            self._spoil(made)
        else:
            self._fill(made, share=0.7)
        content = made.SerializeToString()
        # One message after another is one message: fields twice, and two sides of a choice.
        return good.SerializeToString() + content if self.random.random() < 0.1 else content

    def _spoil(self, message: Message) -> None:
        """Put one field that is there, or could be, to something else."""
        fields: list[Any] = list(message.DESCRIPTOR.fields)
        if not fields:
            return
        field = self.random.choice(fields)
        is_inside = field.message_type is not None and not field.is_repeated
        if is_inside and message.HasField(field.name) and self.random.random() < 0.8:
            self._spoil(getattr(message, field.name))
        else:
            message.ClearField(field.name)
            if self.random.random() < 0.9:
                self._put(message, field)

    def _fill(self, message: Message, share: float) -> None:
        """Put a share of the fields to anything."""
        fields: list[Any] = list(message.DESCRIPTOR.fields)
        for field in fields:
            if self.random.random() < share:
                self._put(message, field)

    def _put(self, message: Message, field: FieldDescriptor) -> None:
        if field.message_type is not None:
            if not field.is_repeated:
                inside = getattr(message, field.name)
                inside.SetInParent()
                self._fill(inside, share=0.8)
                return
            inside = getattr(message, field.name).add()
            self._fill(inside, share=0.8)
            self._repeat(message, field, inside, size_bytes=inside.ByteSize() + 2)
            return
        value = self._value(field)
        if field.is_repeated:
            size_bytes = len(value) + 2 if isinstance(value, str | bytes) else 10
            self._repeat(message, field, value, size_bytes)
        else:
            setattr(message, field.name, value)

    def _repeat(
        self, message: Message, field: FieldDescriptor, value: Any, size_bytes: int
    ) -> None:
        count = min(self.random.choice(COUNTS), REPEATED_BYTES_MAX // size_bytes)
        getattr(message, field.name).extend([value] * count)

    def _value(self, field: FieldDescriptor) -> Any:
        if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
            return self.random.random() < 0.5
        if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
            return self.random.choice(_ENUMS)
        if field.cpp_type in (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE):
            return self.random.choice(_FLOATS)
        if field.type == FieldDescriptor.TYPE_BYTES:
            return self._medium()
        if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
            return self.random.choice(TEXTS)
        least, most = _BITS[field.cpp_type]
        small = self.random.choice(_SMALL)
        return self.random.choice((max(least, small), least, most, most // 1_000))

    def _medium(self) -> bytes:
        whole = self.random.choice(self.media)
        kind = self.random.randrange(5)
        if kind == 0:
            return whole
        if kind == 1:
            return b""
        if kind == 2:
            return self.random.randbytes(self.random.choice((1, 7, 999, 40_001)))
        if kind == 3:
            other = self.random.choice(self.media)
            return whole[: len(whole) // 2] + other[len(other) // 2 :]
        return self._damaged(whole)

    def _damaged(self, content: bytes) -> bytes:
        """Cut bytes, or change, add, drop or double some of them."""
        at = self.random.randint(0, len(content))
        until = min(len(content), at + self.random.choice((1, 2, 16, 4_096)))
        kind = self.random.randrange(5)
        if kind == 0:
            return content[:at]
        if kind == 1:
            return content[:at] + self.random.randbytes(until - at) + content[until:]
        if kind == 2:
            return content[:at] + self.random.randbytes(3) + content[at:]
        if kind == 3:
            return content[:at] + content[until:]
        return content[:until] + content[at:]
