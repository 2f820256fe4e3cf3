"""What the RPCs of the ocr brick take."""

from brickwork_ocr.engine import SAMPLE_EVERY_MS_MAX, SAMPLE_EVERY_MS_MIN
from brickwork_sdk.limits import Limit, image_limits, recording_limits
from brickwork_sdk.media.limits import DURATION_MS_MAX, PIXELS_MAX

LIMITS = (
    *image_limits("ReadDocument"),
    *recording_limits("ReadVideo"),
    Limit("ReadVideo", "media_pixels", PIXELS_MAX, least=1),
    Limit("ReadVideo", "sample_every_ms", SAMPLE_EVERY_MS_MAX, least=SAMPLE_EVERY_MS_MIN),
    Limit("ReadVideo", "start_ms", DURATION_MS_MAX),
)
