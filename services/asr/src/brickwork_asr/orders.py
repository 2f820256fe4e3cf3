"""What a caller wants of a transcription, and what is refused before anything is looked at."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from brickwork.asr.v1 import asr_pb2 as pb
from brickwork_asr import limits
from brickwork_asr.answers import require_language
from brickwork_asr.engine import HOT_WORDS, PROMPT, TRANSLATE, Task, TranscribeRequest
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.slot import ModelSlot
from brickwork_sdk.speech_context import require_speech_context

_TASKS: Mapping[int, Task] = {
    pb.TRANSCRIBE_TASK_UNSPECIFIED: "transcribe",
    pb.TRANSCRIBE_TASK_TRANSCRIBE: "transcribe",
    pb.TRANSCRIBE_TASK_TRANSLATE: "translate",
}


def require_valid(request: pb.TranscribeRecordingRequest, slot: ModelSlot) -> None:
    """Refuse what is out of bounds, or more than the model can.

    Raises:
        InvalidInput: LANGUAGE_UNKNOWN, ARGUMENT_INVALID, TEXT_TOO_LONG.
        NotPossible: MODEL_CANNOT.
    """
    require_language(slot, _language(request))
    limits.START.require(request.start_ms)
    if request.task not in _TASKS:
        known = ", ".join(pb.TranscribeTask.keys())
        raise InvalidInput(
            Reason.ARGUMENT_INVALID, f"task is one of {known}.", metadata={"field": "task"}
        )
    if _TASKS[request.task] == "translate":
        slot.require_able(TRANSLATE)
    require_context(request.prompt, request.hot_words, slot)


def require_context(prompt: str, hot_words: Sequence[str], slot: ModelSlot) -> None:
    """Refuse a prompt and hot words that are too much, or of no use to the model.

    Raises:
        InvalidInput: ARGUMENT_INVALID, TEXT_TOO_LONG.
        NotPossible: MODEL_CANNOT.
    """
    require_speech_context(prompt, hot_words)
    for ability, is_wanted in ((PROMPT, bool(prompt)), (HOT_WORDS, bool(hot_words))):
        if is_wanted:
            slot.require_able(ability)


def transcribe_order(request: pb.TranscribeRecordingRequest, audio: Path) -> TranscribeRequest:
    """Return what the engine is asked for a valid request."""
    return TranscribeRequest(
        audio,
        _language(request),
        request.start_ms,
        _TASKS[request.task],
        request.prompt,
        tuple(word.strip() for word in request.hot_words),
    )


def _language(request: pb.TranscribeRecordingRequest) -> str | None:
    return request.language if request.HasField("language") else None
