"""What the ocr brick counts besides what every brick does; the only home of these names."""

from brickwork_sdk.telemetry.metrics import Counter

PAGES = Counter("brickwork_ocr_pages_total", "Pages and pictures that were read.", ["model"])
FRAMES = Counter(
    "brickwork_ocr_frames_total",
    "Frames of videos that were looked at (sampled), and those of them that were read (read).",
    ["model", "kind"],
)
