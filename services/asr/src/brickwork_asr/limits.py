"""What the RPCs of the asr brick take."""

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

LIMITS = (
    *recording_limits("TranscribeRecording"),
    START,
    PROMPT,
    HOT_WORDS,
    HOT_WORD,
    ALL_HOT_WORDS,
    *recording_limits("DetectLanguage"),
)
