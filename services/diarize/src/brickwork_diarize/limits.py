"""What the RPCs of the diarize brick take."""

from brickwork_diarize.engine import SPANS_MAX, SPANS_MS_MAX, SPEAKER_COUNT_MAX
from brickwork_diarize.voice_print import NAME_LENGTH_MAX
from brickwork_diarize.voice_print_store import VOICE_PRINTS_MAX
from brickwork_sdk.limit import Limit
from brickwork_sdk.limits import recording_limits

LIMITS = (
    *recording_limits("DiarizeRecording"),
    Limit("DiarizeRecording", "speaker_count", SPEAKER_COUNT_MAX, least=1),
    Limit("DiarizeRecording", "min_speaker_count", SPEAKER_COUNT_MAX, least=1),
    Limit("DiarizeRecording", "max_speaker_count", SPEAKER_COUNT_MAX, least=1),
    *recording_limits("EmbedSpeaker"),
    Limit("EmbedSpeaker", "span_count", SPANS_MAX),
    Limit("EmbedSpeaker", "spans_ms", SPANS_MS_MAX),
    Limit("EnrolVoicePrint", "name_characters", NAME_LENGTH_MAX, least=1),
    Limit("EnrolVoicePrint", "voice_print_count", VOICE_PRINTS_MAX),
)
