"""What the RPCs of the asr brick take."""

from brickwork_asr.live_source import CHUNK_MS_MAX, HELD_MS_MAX, SILENT_SECONDS_MAX
from brickwork_sdk.limit import Limit
from brickwork_sdk.limits import recording_limits
from brickwork_sdk.media.limits import DURATION_MS_MAX
from brickwork_sdk.speech_context import CONTEXT_LIMITS

START = Limit("TranscribeRecording", "start_ms", DURATION_MS_MAX)

LIVE = (
    Limit("TranscribeLiveAudio", "chunk_ms", CHUNK_MS_MAX),
    Limit("TranscribeLiveAudio", "held_ms", HELD_MS_MAX),
    Limit("TranscribeLiveAudio", "silent_seconds", SILENT_SECONDS_MAX),
    Limit("TranscribeLiveAudio", "media_duration_ms", DURATION_MS_MAX),
)

LIMITS = (
    *recording_limits("TranscribeRecording"),
    START,
    *CONTEXT_LIMITS,
    *recording_limits("DetectLanguage"),
    *LIVE,
)
