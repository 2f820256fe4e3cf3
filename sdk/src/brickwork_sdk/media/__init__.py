"""Sound and pictures out of files that nobody has checked.

Only the named file is ever read: its container is recognised by its first
bytes, never by its name, and must be on a whitelist. Playlists and other texts
that name further files are refused unread.
"""

from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, AudioBlock, read_audio
from brickwork_sdk.media.frames import Frame, read_frames
from brickwork_sdk.media.image import read_image
from brickwork_sdk.media.info import MediaInfo, probe
from brickwork_sdk.media.limits import DURATION_MS_MAX, INLINE_BYTES_MAX, PIXELS_MAX
from brickwork_sdk.media.probe_process import checked_image, checked_probe

__all__ = [
    "DURATION_MS_MAX",
    "INLINE_BYTES_MAX",
    "PIXELS_MAX",
    "SAMPLE_RATE_HZ",
    "AudioBlock",
    "Frame",
    "MediaInfo",
    "checked_image",
    "checked_probe",
    "probe",
    "read_audio",
    "read_frames",
    "read_image",
]
