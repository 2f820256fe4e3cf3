"""Files that people send by mistake or malice, each with the reason of its refusal.

Whatever opens recordings is shown all of them: the SDK, the bricks, the gateway
and the command line must refuse each in the same way, and read no other file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from brickwork_sdk.errors import Reason
from brickwork_sdk.testing.recordings import silence, slide, tone, write_recording

NEIGHBOUR = "neighbour.wav"
"""Real sound in the same folder: what the playlists name, and nobody may open."""


@dataclass(frozen=True)
class BadMedia:
    """A file, or the lack of one, that cannot be transcribed.

    Attributes:
        path: where it is; its name says what is wrong with it.
        reason: what every refusal of it must name.
    """

    path: Path
    reason: Reason


_HLS = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{NEIGHBOUR}\n#EXT-X-ENDLIST\n"
_DASH = f"""<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S"
 profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="audio/wav">
 <Representation id="1" bandwidth="1"><BaseURL>{NEIGHBOUR}</BaseURL></Representation>
</AdaptationSet></Period></MPD>
"""
_SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"

_UNSUPPORTED = Reason.MEDIA_FORMAT_UNSUPPORTED
_TEXTS = {
    "text.mp4": (Reason.MEDIA_UNREADABLE, "Dear all, the recording is attached.\n" * 40),
    "ffconcat.mp4": (_UNSUPPORTED, f"ffconcat version 1.0\nfile {NEIGHBOUR}\n"),
    "ffconcat-after-a-byte-order-mark.wav": (
        _UNSUPPORTED,
        f"\ufeffffconcat version 1.0\nfile {NEIGHBOUR}\n",
    ),
    "hls.mp4": (_UNSUPPORTED, _HLS),
    "hls.mp3": (_UNSUPPORTED, _HLS),
    "dash.mp4": (_UNSUPPORTED, _DASH),
    "sdp.mp4": (_UNSUPPORTED, _SDP),
    "playlist.wav": (_UNSUPPORTED, f"[playlist]\nFile1={NEIGHBOUR}\nNumberOfEntries=1\n"),
}


def write_bad_media(folder: Path) -> list[BadMedia]:
    """Write every input that is an error into an empty folder.

    Args:
        folder: where to; it also gets the file `NEIGHBOUR`, which is not bad.
    """
    write_recording(folder / NEIGHBOUR, tone(1))
    (folder / "folder.mp4").mkdir()
    bad = [
        BadMedia(folder / "missing.mp4", Reason.MEDIA_MISSING),
        BadMedia(folder / "folder.mp4", Reason.MEDIA_NOT_A_FILE),
    ]
    for name, (reason, text) in _TEXTS.items():
        (folder / name).write_text(text, "utf-8")
        bad.append(BadMedia(folder / name, reason))
    for name, (reason, write) in _WRITERS.items():
        write(folder / name)
        bad.append(BadMedia(folder / name, reason))
    return bad


def write_odd_media(folder: Path) -> list[Path]:
    """Write every input that looks wrong and is none: its job ends with a result.

    Silence gives no segments, a second of sound at most a few words, and a
    video without text no slides.
    """
    blank = [slide(200)] * 20
    return [
        write_recording(folder / "silence.wav", silence(5)),
        write_recording(folder / "one-second.wav", tone(1)),
        write_recording(folder / "no-text.mp4", tone(2), slides=blank),
    ]


def _write_random(path: Path) -> None:
    path.write_bytes(np.random.default_rng(1).bytes(100_000))


def _write_picture(path: Path) -> None:
    Image.fromarray(slide(200)).save(path, "PNG")


def _write_without_sound(path: Path) -> None:
    write_recording(path, slides=[slide(level) for level in range(0, 200, 20)])


def _write_cut(path: Path) -> None:
    """Write the first half of a recording; the index of an MP4 stands at its end."""
    write_recording(path, tone(3))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


_WRITERS: dict[str, tuple[Reason, Callable[[Path], None]]] = {
    "empty.mp4": (Reason.MEDIA_EMPTY, Path.touch),
    "random.wav": (Reason.MEDIA_UNREADABLE, _write_random),
    "cut.mp4": (Reason.MEDIA_UNREADABLE, _write_cut),
    "cut.wav": (Reason.MEDIA_UNREADABLE, _write_cut),
    "picture.mp4": (Reason.MEDIA_UNREADABLE, _write_picture),
    "no-sound.mp4": (Reason.NO_AUDIO_STREAM, _write_without_sound),
}
