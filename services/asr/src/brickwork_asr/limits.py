"""What the RPCs of the asr brick take."""

from brickwork_asr.live_source import CHUNK_MS_MAX, HELD_MS_MAX, SILENT_SECONDS_MAX
from brickwork_sdk.errors import Reason
from brickwork_sdk.limits import Limit, recording_limits
from brickwork_sdk.media.limits import DURATION_MS_MAX

START = Limit("TranscribeRecording", "start_ms", DURATION_MS_MAX)
PROMPT = Limit("TranscribeRecording", "prompt_characters", 600, reason=Reason.TEXT_TOO_LONG)
HOT_WORDS = Limit("TranscribeRecording", "hot_words_count", 50)
HOT_WORD = Limit("TranscribeRecording", "hot_word_characters", 64, least=1)
ALL_HOT_WORDS = Limit(
    "TranscribeRecording", "hot_words_characters", 600, reason=Reason.TEXT_TOO_LONG
)
"""Of Whisper's text of 448 tokens, half is left to what is shown before it: about 800 characters
of English, and fewer of other languages."""

LIVE = (
    Limit("TranscribeLiveAudio", "chunk_ms", CHUNK_MS_MAX),
    Limit("TranscribeLiveAudio", "held_ms", HELD_MS_MAX),
    Limit("TranscribeLiveAudio", "silent_seconds", SILENT_SECONDS_MAX),
    Limit("TranscribeLiveAudio", "media_duration_ms", DURATION_MS_MAX),
)

LIMITS = (
    *recording_limits("TranscribeRecording"),
    START,
    PROMPT,
    HOT_WORDS,
    HOT_WORD,
    ALL_HOT_WORDS,
    *recording_limits("DetectLanguage"),
    *LIVE,
)
