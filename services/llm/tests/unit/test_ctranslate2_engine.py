import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from brickwork_llm.ctranslate2_engine import STEP_SECONDS, Ctranslate2Engine, load
from brickwork_llm.engine import (
    GenerateEvent,
    GenerateRequest,
    Message,
    Pending,
    TextDelta,
    Usage,
)
from brickwork_sdk.errors import InvalidInput, NotPossible, Reason

HELLO = (Message("user", "Hello, the end?"),)


@pytest.fixture
def engine(tiny_model: Path) -> Iterator[Ctranslate2Engine]:
    loaded = load(tiny_model, {"threads": "1"})
    yield loaded
    loaded.close()


class Listening:
    """Notes which prompts reach the library, in their order."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator
        self.prompts: list[list[str]] = []

    def generate_batch(self, prompts: list[list[str]], **options: Any) -> Any:
        self.prompts += prompts
        return self._generator.generate_batch(prompts, **options)


def text_of(events: list[GenerateEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def test_deltas_come_first_and_exactly_one_usage_comes_last(engine: Ctranslate2Engine) -> None:
    *events, usage = engine.generate(GenerateRequest(HELLO, max_token_count=8))
    assert all(isinstance(event, TextDelta | Pending) for event in events)
    assert isinstance(usage, Usage)
    assert usage.prompt_token_count > len("Hello, the end?") // 2
    if usage.finish_reason == "length":
        assert usage.completion_token_count == 8
    else:
        assert usage.completion_token_count < 8


class Writing:
    """Writes a letter every few milliseconds, as a model would."""

    def __init__(self, letter: int | None) -> None:
        self._step = SimpleNamespace(token_id=letter)

    def generate_batch(self, prompts: list[list[str]], callback: Any, **options: Any) -> None:
        for _ in range(options["max_length"]):
            time.sleep(0.005)
            callback(self._step)


def test_what_is_written_within_a_tenth_of_a_second_goes_out_together(
    engine: Ctranslate2Engine,
) -> None:
    engine._generator = Writing(engine._tokenizer.token_to_id("x"))
    began = time.monotonic()
    events = list(engine.generate(GenerateRequest(HELLO, max_token_count=40)))
    piece_count = sum(isinstance(event, TextDelta) for event in events)
    # Those in between are a tenth apart; the first one comes at once, and so does the last.
    assert piece_count <= 3 + (time.monotonic() - began) / STEP_SECONDS
    assert text_of(events) == "x" * 40


def test_at_temperature_zero_the_answer_repeats(engine: Ctranslate2Engine) -> None:
    request = GenerateRequest(HELLO, max_token_count=30)
    first, second = list(engine.generate(request)), list(engine.generate(request))
    assert text_of(first) == text_of(second)
    assert first[-1] == second[-1]


def test_at_a_high_temperature_answers_differ(engine: Ctranslate2Engine) -> None:
    request = GenerateRequest(HELLO, max_token_count=30, temperature=2.0)
    assert len({text_of(list(engine.generate(request))) for _ in range(4)}) > 1


def test_prompt_and_answer_share_the_context(engine: Ctranslate2Engine) -> None:
    long = (Message("user", "x" * 80),)
    *_, usage = engine.generate(GenerateRequest(long, max_token_count=4096))
    assert isinstance(usage, Usage)
    assert usage.prompt_token_count + usage.completion_token_count <= 128


def test_a_prompt_beyond_the_context_is_refused_with_both_counts(
    engine: Ctranslate2Engine,
) -> None:
    with pytest.raises(InvalidInput) as caught:
        next(engine.generate(GenerateRequest((Message("user", "x" * 500),))))
    assert caught.value.reason is Reason.CONTEXT_EXCEEDED
    assert caught.value.metadata["context_token_count"] == "128"
    assert int(caught.value.metadata["prompt_token_count"]) > 500


def test_a_call_that_was_left_does_not_disturb_the_next(engine: Ctranslate2Engine) -> None:
    left = engine.generate(GenerateRequest(HELLO, max_token_count=4096, temperature=2.0))
    next(left)
    left.close()
    *_, usage = engine.generate(GenerateRequest(HELLO, max_token_count=4))
    assert isinstance(usage, Usage)


def test_two_calls_advance_side_by_side(engine: Ctranslate2Engine) -> None:
    request = GenerateRequest(HELLO, max_token_count=30)
    alone = text_of(list(engine.generate(request)))
    first, second = engine.generate(request), engine.generate(request)
    ended: dict[int, list[GenerateEvent]] = {0: [], 1: []}
    running = {0: first, 1: second}
    while running:
        for number, steps in list(running.items()):
            event = next(steps, None)
            if event is None:
                del running[number]
            else:
                ended[number].append(event)
    assert text_of(ended[0]) == text_of(ended[1]) == alone


def test_thirty_two_calls_side_by_side_answer_as_one_after_another(
    engine: Ctranslate2Engine,
) -> None:
    requests = [
        GenerateRequest((Message("user", f"Say {number}."),), max_token_count=12)
        for number in range(32)
    ]
    alone = [text_of(list(engine.generate(request))) for request in requests]
    listening = Listening(engine._generator)
    engine._generator = listening
    running = {number: engine.generate(request) for number, request in enumerate(requests)}
    together: dict[int, list[GenerateEvent]] = {number: [] for number in running}
    while running:
        for number, steps in list(running.items()):
            event = next(steps, None)
            if event is None:
                del running[number]
            else:
                together[number].append(event)
    assert [text_of(events) for events in together.values()] == alone
    numbers = [
        "".join(prompt).partition("Say")[2].partition(".")[0] for prompt in listening.prompts
    ]
    assert numbers == [f"Ġ{number}" for number in range(32)], "in the order of arrival"


def test_who_leaves_before_his_turn_is_not_worked_on(engine: Ctranslate2Engine) -> None:
    listening = Listening(engine._generator)
    engine._generator = listening
    turn = threading.Event()
    engine._writer.submit(turn.wait)  # as if somebody else's answer took long
    waiting = engine.generate(GenerateRequest(HELLO, 100))
    assert next(waiting) == Pending()
    waiting.close()
    turn.set()
    assert isinstance(list(engine.generate(GenerateRequest(HELLO, 4)))[-1], Usage)
    assert len(listening.prompts) == 1


def test_a_model_folder_without_weights_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(NotPossible) as caught:
        load(tmp_path, {})
    assert caught.value.reason is Reason.MODEL_UNREADABLE


def test_a_process_that_closes_its_engine_ends_without_a_crash(tiny_model: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from brickwork_llm.ctranslate2_engine import load\n"
        "from brickwork_llm.engine import GenerateRequest, Message\n"
        "engine = load(pathlib.Path(sys.argv[1]), {})\n"
        "steps = engine.generate(GenerateRequest((Message('user', 'Hello'),), 100, 2.0))\n"
        "next(steps)\n"
        "engine.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tiny_model)], timeout=60)
    assert done.returncode == 0
