"""The engine on CTranslate2: a small chat model."""

import queue
import threading
import time
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import ctranslate2
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from brickwork_llm.context import check_context
from brickwork_llm.conversation import ConversationForm, prompt_tokens
from brickwork_llm.engine import (
    CountRequest,
    Engine,
    GenerateEvent,
    GenerateRequest,
    Pending,
    TextDelta,
    TokenCount,
    Usage,
)
from brickwork_llm.model_files import reading
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.engine.libraries import check_ctranslate2
from brickwork_sdk.engine.placement import Placement

STEP_SECONDS = 0.1
"""Longest wait of one step: a call is cancelled, and others are served, at least this often.

What was written meanwhile goes out together: on its way to the reader each piece costs processor
time that the model then lacks, and a tenth of a second is what people take for at once.
Source: Miller, Response time in man-computer conversational transactions, AFIPS 1968, topic 1.
"""


class Ctranslate2Engine(Engine):
    """Writes for one call at a time, in the order in which they came; who waits is `Pending`."""

    def __init__(self, model_dir: Path, threads: int, place: Placement) -> None:
        self._form = ConversationForm.read(model_dir)
        self._tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
        # Control tokens enter a prompt only through the form, never out of a message's text.
        self._tokenizer.encode_special_tokens = True
        self._generator: ctranslate2.Generator | None = ctranslate2.Generator(
            str(model_dir),
            device=place.device,
            compute_type=place.precision,
            intra_threads=threads,
        )
        self._description = EngineDescription(
            f"ctranslate2 {version('ctranslate2')}",
            str(self._generator.compute_type),
            place.device_name,
        )
        self._closing = threading.Event()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    def describe(self) -> EngineDescription:
        """Tell how the model runs."""
        return self._description

    def close(self) -> None:
        """Stop what runs and join the library's threads.

        Without it the interpreter ends while they still hold a Python callback, and aborts.
        """
        self._closing.set()
        self._writer.shutdown(cancel_futures=True)
        self._generator = None

    def count(self, request: CountRequest) -> Generator[TokenCount, None, None]:
        """Yield the count of the very tokens that `generate` would read."""
        prompt = prompt_tokens(request.messages, self._form, self._encode)
        yield TokenCount(len(prompt), self._form.context_token_count)

    def generate(self, request: GenerateRequest) -> Generator[GenerateEvent, None, None]:
        """Yield what has been written since the last step, then the usage."""
        assert self._generator is not None, "generate after close"
        prompt = prompt_tokens(request.messages, self._form, self._encode)
        check_context(len(prompt), self._form.context_token_count)
        written: queue.SimpleQueue[int] = queue.SimpleQueue()
        left = threading.Event()

        def take(step: ctranslate2.GenerationStepResult) -> bool:
            written.put(step.token_id)
            return left.is_set() or self._closing.is_set()

        # On a thread of its own, so that who leaves before his turn is never worked on: the
        # library itself reads the prompt of everybody who was once handed to it.
        pending = self._writer.submit(
            self._generator.generate_batch,
            [prompt],
            callback=take,
            include_prompt_in_result=False,
            end_token=list(self._form.end_tokens),
            max_length=min(request.max_token_count, self._form.context_token_count - len(prompt)),
            sampling_topk=1 if request.temperature == 0 else 0,
            sampling_temperature=request.temperature or 1.0,
        )
        ended = threading.Event()
        pending.add_done_callback(lambda _: ended.set())
        answer, told_at = _Answer(self._tokenizer, self._form), -STEP_SECONDS
        try:
            while not (pending.done() and written.empty()):
                rest_seconds = max(0.0, told_at + STEP_SECONDS - time.monotonic())
                ended.wait(rest_seconds)
                text = answer.append(_take_all(written, STEP_SECONDS - rest_seconds))
                if text:
                    told_at = time.monotonic()
                yield TextDelta(text) if text else Pending()
            pending.result()  # raises what the library raised
        finally:
            left.set()
            pending.cancel()
        yield Usage(len(prompt), answer.token_count, "stop" if answer.has_ended else "length")

    def _encode(self, text: str) -> list[str]:
        tokens: list[str] = self._tokenizer.encode(text, add_special_tokens=False).tokens
        return tokens


class _Answer:
    """Turns tokens into text as they come; half a character waits for its other half."""

    def __init__(self, tokenizer: Tokenizer, form: ConversationForm) -> None:
        self._tokenizer = tokenizer
        self._stream = DecodeStream(skip_special_tokens=True)
        self._ends = {tokenizer.token_to_id(token) for token in form.end_tokens}
        self.token_count = 0
        self.has_ended = False

    def append(self, tokens: list[int]) -> str:
        """Return the text that these tokens complete."""
        text = ""
        for token in tokens:
            if token in self._ends:
                self.has_ended = True
            else:
                self.token_count += 1
                text += self._stream.step(self._tokenizer, token) or ""
        return text


def _take_all(written: "queue.SimpleQueue[int]", wait_seconds: float) -> list[int]:
    """Wait so long for the first token, then take every one that is there."""
    tokens: list[int] = []
    try:
        tokens.append(written.get(timeout=wait_seconds))
        while True:
            tokens.append(written.get_nowait())
    except queue.Empty:
        return tokens


def load(model_dir: Path, options: Mapping[str, str]) -> Ctranslate2Engine:
    """Load a model that `build_model` wrote, or another one of the same form.

    Args:
        model_dir: CTranslate2 files, `tokenizer.json` and `conversation.json`.
        options: `threads`, how many processor threads one generation uses, 1 unless given;
            `device` and `precision`.

    Raises:
        NotPossible: MODEL_UNREADABLE, a file is missing or damaged; or as `check`.
    """
    threads, place = int(options.get("threads", "1")), check(options)
    with reading(model_dir, "language model"):
        return Ctranslate2Engine(model_dir, threads, place)


def check(options: Mapping[str, str]) -> Placement:
    """See that a model can compute as the options say; see `check_ctranslate2`."""
    return check_ctranslate2(ctranslate2, options)
