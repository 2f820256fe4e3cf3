"""The one catalogue of errors, and the exceptions that carry it.

BrickworkError                 reason, message, metadata, retry_after_seconds
├── InvalidInput               INVALID_ARGUMENT     the request cannot be served as it is
├── NotFound                   NOT_FOUND            what was named does not exist
├── NotPossible                FAILED_PRECONDITION  right request, but not here or not now by itself
├── NoCapacity                 RESOURCE_EXHAUSTED   a limit is reached; do not retry blindly
├── Busy                       UNAVAILABLE          try again after retry_after_seconds
├── Aborted                    ABORTED              overtaken by another change
├── Denied                     PERMISSION_DENIED    not yours
├── Cancelled                  CANCELLED            the caller left
├── DeadlineExceeded           DEADLINE_EXCEEDED    the caller's time is over
└── EngineFailed               INTERNAL             our fault
"""

from collections.abc import Mapping
from enum import StrEnum


class Code(StrEnum):
    """The kind of an error, by the name that gRPC gives it."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    NOT_FOUND = "NOT_FOUND"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    UNAVAILABLE = "UNAVAILABLE"
    ABORTED = "ABORTED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    CANCELLED = "CANCELLED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    INTERNAL = "INTERNAL"


class Reason(StrEnum):
    """Every reason an error may have; closed, so that programs can rely on it."""

    MEDIA_MISSING = "MEDIA_MISSING"
    """The named file or the media of the request does not exist."""
    MEDIA_EMPTY = "MEDIA_EMPTY"
    """The recording has no bytes."""
    MEDIA_NOT_A_FILE = "MEDIA_NOT_A_FILE"
    """The path names a folder or a device, not a file."""
    MEDIA_UNREADABLE = "MEDIA_UNREADABLE"
    """The content is damaged, cut off, or no media at all."""
    MEDIA_FORMAT_UNSUPPORTED = "MEDIA_FORMAT_UNSUPPORTED"
    """The container is not on the whitelist; playlists that name other files never are."""
    MEDIA_TOO_LARGE = "MEDIA_TOO_LARGE"
    """The media is longer, wider or bigger than the limit in the metadata."""
    NO_AUDIO_STREAM = "NO_AUDIO_STREAM"
    """The recording has no sound, and sound is needed."""
    NO_VIDEO_STREAM = "NO_VIDEO_STREAM"
    """The recording has no pictures, and pictures are needed."""
    NO_SPEECH = "NO_SPEECH"
    """Nobody speaks, so the question has no answer."""
    SPEECH_TOO_SHORT = "SPEECH_TOO_SHORT"
    """Too little speech of one voice alone to tell whose it is; the metadata has both lengths."""
    VOICE_MIXED = "VOICE_MIXED"
    """Several voices share the sample; the voice print of one person takes one."""
    VOICE_PRINT_UNKNOWN = "VOICE_PRINT_UNKNOWN"
    """The caller's tenant has no voice print of this id."""
    VOICE_PRINTS_FULL = "VOICE_PRINTS_FULL"
    """The tenant has as many voice prints as one may have."""
    VOICE_PRINTS_OFF = "VOICE_PRINTS_OFF"
    """The brick has no folder for voice prints, so it keeps none."""
    CONSENT_INVALID = "CONSENT_INVALID"
    """The consent does not say who gave it, when, what for and until when, or has ended."""
    IMAGE_UNREADABLE = "IMAGE_UNREADABLE"
    """The content is no picture that can be decoded."""
    DOCUMENT_UNREADABLE = "DOCUMENT_UNREADABLE"
    """The content is no document that can be read, or one of its pages is not there."""
    DOCUMENT_LOCKED = "DOCUMENT_LOCKED"
    """The document asks for a password; send a copy without one."""
    LANGUAGE_UNKNOWN = "LANGUAGE_UNKNOWN"
    """The language code is not one that the model knows."""
    LANGUAGE_PAIR_UNAVAILABLE = "LANGUAGE_PAIR_UNAVAILABLE"
    """No installed model translates between these two languages."""
    TEXT_TOO_LONG = "TEXT_TOO_LONG"
    """The text is longer than the limit in the metadata."""
    MESSAGES_INVALID = "MESSAGES_INVALID"
    """The conversation is empty, or its last message is not the user's."""
    CONTEXT_EXCEEDED = "CONTEXT_EXCEEDED"
    """Prompt and answer do not fit the model; both counts are in the metadata."""
    SPEAKER_COUNT_INVALID = "SPEAKER_COUNT_INVALID"
    """The number of speakers is not between 1 and 20."""
    ARGUMENT_INVALID = "ARGUMENT_INVALID"
    """A field is outside its documented range; the metadata names it."""
    STREAM_ORDER_INVALID = "STREAM_ORDER_INVALID"
    """The messages of a stream came in an order that the RPC does not allow."""
    STREAM_SILENT = "STREAM_SILENT"
    """Nothing came on a stream for longer than the limit in the metadata."""
    OBJECT_REF_INVALID = "OBJECT_REF_INVALID"
    """The object reference is not well formed."""
    OBJECT_MISSING = "OBJECT_MISSING"
    """The object store does not hold this object."""
    OBJECT_MISMATCH = "OBJECT_MISMATCH"
    """The content differs from what its header declared."""
    OBJECT_TOO_LARGE = "OBJECT_TOO_LARGE"
    """The object is bigger than the limit in the metadata."""
    STORAGE_FULL = "STORAGE_FULL"
    """The disk has no room left; nothing was kept."""
    STORAGE_UNREACHABLE = "STORAGE_UNREACHABLE"
    """The folder of the object store is not there now; try again."""
    MODEL_UNKNOWN = "MODEL_UNKNOWN"
    """No model of this name is served here."""
    MODEL_MISSING = "MODEL_MISSING"
    """The model store lacks the model or one of its files."""
    MODEL_DIGEST_MISMATCH = "MODEL_DIGEST_MISMATCH"
    """A file of the model is not the one that its manifest names."""
    MODEL_UNREADABLE = "MODEL_UNREADABLE"
    """A file of the model is damaged, or asks for more than its reader allows."""
    MODEL_CANNOT = "MODEL_CANNOT"
    """The model, or the engine that runs it, is not able to do this; what is in the metadata."""
    DEVICE_UNAVAILABLE = "DEVICE_UNAVAILABLE"
    """The device that the settings name cannot be used here; what is missing is in the metadata."""
    VRAM_REQUEST_INVALID = "VRAM_REQUEST_INVALID"
    """The request for a token is nonsense; the metadata names the field."""
    VRAM_CAN_NEVER_FIT = "VRAM_CAN_NEVER_FIT"
    """More memory is asked for than any device can ever lend."""
    VRAM_QUEUE_FULL = "VRAM_QUEUE_FULL"
    """Too many requests wait already."""
    VRAM_TOKEN_UNKNOWN = "VRAM_TOKEN_UNKNOWN"
    """The broker has no such token."""
    VRAM_TOKEN_STALE = "VRAM_TOKEN_STALE"
    """The token is over or its epoch is not the granted one; it is never revived."""
    VRAM_TOKEN_FOREIGN = "VRAM_TOKEN_FOREIGN"
    """The token is another holder's: the secret that it was asked for with was not shown."""
    VRAM_REVOKED = "VRAM_REVOKED"
    """The memory was needed by more urgent work; the call can be repeated."""
    BROKER_UNREACHABLE = "BROKER_UNREACHABLE"
    """The broker does not answer; nothing new is loaded."""
    BROKER_JOURNAL_UNUSABLE = "BROKER_JOURNAL_UNUSABLE"
    """The broker's journal is damaged, or another broker has it; nothing is lent over it."""
    AUDIT_LOG_EMPTY = "AUDIT_LOG_EMPTY"
    """The folder holds no audit log."""
    AUDIT_LOG_DAMAGED = "AUDIT_LOG_DAMAGED"
    """The audit log is not the one that was written, or tells of a broken promise."""
    AUDIT_HEAD_UNREADABLE = "AUDIT_HEAD_UNREADABLE"
    """The file holds no signed head of an audit log."""
    AUDIT_KEY_UNUSABLE = "AUDIT_KEY_UNUSABLE"
    """The key that signs heads of an audit log is damaged."""
    ENGINE_CRASHED = "ENGINE_CRASHED"
    """The engine process died during the call; a fresh one serves the next."""
    ENGINE_OVER_BUDGET = "ENGINE_OVER_BUDGET"
    """The engine needed more memory than it was granted; a fresh one serves the next call."""
    ENGINE_FAILED = "ENGINE_FAILED"
    """The engine raised an unexpected error; it still runs."""
    ENGINE_STOPPED = "ENGINE_STOPPED"
    """The engine process was ended while the call ran; try again."""
    SERVER_UNREACHABLE = "SERVER_UNREACHABLE"
    """The external server that holds the model does not answer, fell silent or broke off."""
    SERVER_REFUSED = "SERVER_REFUSED"
    """The external server refused the request or failed at it; its status is in the metadata."""
    SERVER_ANSWER_INVALID = "SERVER_ANSWER_INVALID"
    """The external server answered something that its protocol does not allow."""
    SERVER_OUT_OF_MEMORY = "SERVER_OUT_OF_MEMORY"
    """The external server has not enough memory for the model or the request."""
    SERVER_PROCESSES_UNSEEN = "SERVER_PROCESSES_UNSEEN"
    """The processes of the external server cannot be found, so nobody could account for them."""
    BRICK_UNREACHABLE = "BRICK_UNREACHABLE"
    """A brick does not answer."""
    BRICK_STOPPING = "BRICK_STOPPING"
    """The brick is shutting down; try again."""
    JOB_UNKNOWN = "JOB_UNKNOWN"
    """There is no such job."""
    JOB_FINISHED = "JOB_FINISHED"
    """The job has ended already."""
    JOB_CANCELLED = "JOB_CANCELLED"
    """The job was cancelled."""
    ARTIFACT_UNKNOWN = "ARTIFACT_UNKNOWN"
    """The job has no such artifact."""
    STAGE_OVERTAKEN = "STAGE_OVERTAKEN"
    """The stage has gone on without this worker, which lost its claim."""
    WORKER_LOST = "WORKER_LOST"
    """The worker that ran the stage fell silent, again and again."""
    LEDGER_INCOMPATIBLE = "LEDGER_INCOMPATIBLE"
    """The file of the ledger has a format that this version does not read."""
    ROUTE_UNKNOWN = "ROUTE_UNKNOWN"
    """No such address is served, or not with this method."""
    ORIGIN_REFUSED = "ORIGIN_REFUSED"
    """The request names another host, or comes from a page of another one."""
    ADDRESS_TAKEN = "ADDRESS_TAKEN"
    """The port or socket is used by another process."""
    ADDRESS_INVALID = "ADDRESS_INVALID"
    """The address is not one that can be listened on, or called."""
    SETTING_INVALID = "SETTING_INVALID"
    """A setting has no such value; the message names it."""
    MESH_NOT_RUNNING = "MESH_NOT_RUNNING"
    """No mesh runs for this home."""
    MESH_RUNNING = "MESH_RUNNING"
    """A mesh runs for this home already."""
    MESH_START_FAILED = "MESH_START_FAILED"
    """A process of the mesh did not become ready; its log is named."""
    CANCELLED = "CANCELLED"
    """The caller left."""
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    """The caller's deadline passed."""
    UNEXPECTED = "UNEXPECTED"
    """A bug of ours; the log of that process has the traceback."""


class BrickworkError(Exception):
    """An error with a reason from the catalogue; everything we raise is one.

    Attributes:
        reason: entry of the catalogue; programs decide by it.
        message: one sentence for people.
        domain: who says it, such as `asr.brickwork`; set at the border when empty.
        metadata: whatever is variable in the message, as text.
        retry_after_seconds: when a repeat may help; None when it will not.
    """

    code = Code.INTERNAL

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        metadata: Mapping[str, str] | None = None,
        retry_after_seconds: float | None = None,
        domain: str = "",
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.metadata = dict(metadata or {})
        self.retry_after_seconds = retry_after_seconds
        self.domain = domain


class InvalidInput(BrickworkError):
    """Raised when the request cannot be served as it is."""

    code = Code.INVALID_ARGUMENT


class NotFound(BrickworkError):
    """Raised when what was named does not exist."""

    code = Code.NOT_FOUND


class NotPossible(BrickworkError):
    """Raised when a right request cannot be served here as things stand."""

    code = Code.FAILED_PRECONDITION


class NoCapacity(BrickworkError):
    """Raised when a limit is reached."""

    code = Code.RESOURCE_EXHAUSTED


class Busy(BrickworkError):
    """Raised when a repeat after a while will help."""

    code = Code.UNAVAILABLE


class Aborted(BrickworkError):
    """Raised when another change came first."""

    code = Code.ABORTED


class Denied(BrickworkError):
    """Raised when the caller may not do this."""

    code = Code.PERMISSION_DENIED


class Cancelled(BrickworkError):
    """Raised when the caller left."""

    code = Code.CANCELLED


class DeadlineExceeded(BrickworkError):
    """Raised when the caller's deadline passed."""

    code = Code.DEADLINE_EXCEEDED


class EngineFailed(BrickworkError):
    """Raised when the fault is ours."""

    code = Code.INTERNAL


_BY_CODE = {
    kind.code: kind
    for kind in (
        InvalidInput,
        NotFound,
        NotPossible,
        NoCapacity,
        Busy,
        Aborted,
        Denied,
        Cancelled,
        DeadlineExceeded,
        EngineFailed,
    )
}


def error_of(
    code: str,
    reason: str,
    message: str,
    metadata: Mapping[str, str],
    retry_after_seconds: float | None = None,
) -> BrickworkError:
    """Rebuild an error that crossed a border; `code` is the name of its kind."""
    kind = _BY_CODE[Code(code)]
    return kind(Reason(reason), message, metadata=metadata, retry_after_seconds=retry_after_seconds)
