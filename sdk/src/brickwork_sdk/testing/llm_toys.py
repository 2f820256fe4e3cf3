"""The models of the doubles of LLM servers, and what each of them answers.

`toy` repeats the words of the last message. `toy-slow` repeats the first word for ever.
`toy-silent` says it once, and then nothing for ever. `toy-large` finds no memory. `toy-nonsense`
answers what is no answer. `toy-flood` answers one line without an end. `toy-mute` answers and
tells no usage. `toy-busy` has too much to do for `BUSY_SECONDS`. An answer by a schema is that
schema. A conversation of more than `CONTEXT_TOKEN_COUNT` words is too long.
"""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

CONTEXT_TOKEN_COUNT = 64
MODELS = (
    "toy",
    "toy-slow",
    "toy-large",
    "toy-nonsense",
    "toy-flood",
    "toy-mute",
    "toy-busy",
    "toy-silent",
)
SLOW_SECONDS = 0.02
BUSY_SECONDS = 7

Body = dict[str, Any]
Answer = Body | Iterator[str]
"""One JSON object, or the lines of a stream."""


class Refusal(Exception):
    """What is answered instead."""

    def __init__(self, status: int, message: str, headers: Body | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}


def word_count(body: Body) -> int:
    """Return how long a conversation is; a token is a word."""
    return sum(len(message["content"].split()) for message in body["messages"])


def refuse_if_busy(model: str) -> None:
    """Raise what a server says that has too much to do, where the model has."""
    if model == "toy-busy":
        raise Refusal(429, "too many requests", {"Retry-After": str(BUSY_SECONDS)})


def answer_words(body: Body, count_max: int, schema: Body | None) -> tuple[Iterator[str], bool]:
    """Return the words of the answer, and whether it is cut off by its limit."""
    words = body["messages"][-1]["content"].split()
    if schema is not None:
        words = json.dumps(schema).split()
    if body["model"].removesuffix(":latest") == "toy-slow":
        return _for_ever(words[0]), False
    if body["model"].removesuffix(":latest") == "toy-silent":
        return _silent(words[0]), False
    return iter([f"{word} " for word in words[:count_max]]), len(words) > count_max


def _silent(word: str) -> Iterator[str]:
    yield word
    threading.Event().wait()


def _for_ever(word: str) -> Iterator[str]:
    while True:
        time.sleep(SLOW_SECONDS)
        yield word


def _nonsense() -> Iterator[str]:
    yield "<html>"


def _flood() -> Iterator[str]:
    yield "x" * (20 * 1024 * 1024)


SPOILT = {"toy-nonsense": _nonsense, "toy-flood": _flood}
"""What is answered in place of words, by the model."""
