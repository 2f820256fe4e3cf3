import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, read_audio
from brickwork_sdk.media.frames import read_frames
from brickwork_sdk.media.image import read_image
from brickwork_sdk.media.probe import probe
from brickwork_sdk.media.probe_process import checked_image, checked_probe
from brickwork_sdk.testing.recordings import silence, slide, tone, write_recording

SUFFIXES = [".wav", ".flac", ".mp3", ".ogg", ".webm", ".mkv", ".aac", ".m4a", ".mp4", ".avi"]


def beep(at_seconds: float, seconds: float, rate_hz: int) -> np.ndarray:
    """A tone of a tenth of a second inside silence."""
    samples = silence(seconds, rate_hz=rate_hz)
    start = round(at_seconds * rate_hz)
    burst = tone(0.1, frequency_hz=1000, rate_hz=rate_hz)
    samples[start : start + len(burst)] = burst
    return samples


def onset_ms(path: Path, start_ms: int = 0) -> float:
    """When the first loud sample comes."""
    blocks = list(read_audio(path, start_ms=start_ms, block_seconds=1.5))
    samples = np.concatenate([block.samples for block in blocks])
    return start_ms + float(np.argmax(np.abs(samples) > 0.1)) / SAMPLE_RATE_HZ * 1000


def reason_of(path: Path) -> Reason:
    with pytest.raises(BrickworkError) as caught:
        probe(path)
    return caught.value.reason


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_sound_keeps_its_time_and_level_in_every_container(tmp_path: Path, suffix: str) -> None:
    path = write_recording(
        tmp_path / f"a{suffix}", beep(2.25, 5, 48_000), rate_hz=48_000, channel_count=2
    )
    # Raw AAC does not say how long its run-in of 1,024 samples is.
    late_ms = 21.3 if suffix == ".aac" else 0
    assert onset_ms(path) == pytest.approx(2250 + late_ms, abs=2)
    assert onset_ms(path, start_ms=1777) == pytest.approx(2250 + late_ms, abs=3)
    peak = max(float(np.abs(block.samples).max()) for block in read_audio(path))
    assert peak == pytest.approx(0.5, abs=0.05)
    info = probe(path)
    assert info.has_audio
    assert not info.has_video
    assert info.duration_ms == pytest.approx(5000, abs=40)


def test_blocks_follow_each_other_and_only_the_last_is_shorter(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.wav", tone(5), rate_hz=16_000)
    blocks = list(read_audio(path, start_ms=500, block_seconds=2))
    assert [block.start_ms for block in blocks] == [500, 2500, 4500]
    assert [len(block.samples) for block in blocks] == [32_000, 32_000, 8_000]
    assert blocks[0].samples.dtype == np.float32


def test_sound_that_begins_later_than_the_pictures_keeps_its_time(tmp_path: Path) -> None:
    path = write_recording(
        tmp_path / "a.mkv",
        beep(0.25, 2, 48_000),
        rate_hz=48_000,
        audio_start_ms=1500,
        slides=[slide(0)] * 40,
    )
    assert onset_ms(path) == pytest.approx(1750, abs=2)


def test_beyond_the_end_there_is_no_block(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.ogg", tone(1, rate_hz=48_000), rate_hz=48_000)
    assert list(read_audio(path, start_ms=60_000)) == []


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".avi"])
def test_frames_are_the_first_at_or_after_each_multiple(tmp_path: Path, suffix: str) -> None:
    path = write_recording(
        tmp_path / f"a{suffix}", slides=[slide(level * 4) for level in range(60)]
    )
    frames = list(read_frames(path, every_ms=1250))
    assert [frame.time_ms for frame in frames] == [0, 1300, 2500, 3800, 5000]
    for frame in frames:
        assert frame.pixels.shape == (48, 64, 3)
        assert frame.pixels.mean() == pytest.approx(frame.time_ms / 100 * 4, abs=6)
    later = [frame.time_ms for frame in read_frames(path, every_ms=1250, start_ms=2400)]
    assert later == [2500, 3800, 5000]


def test_a_frame_shown_for_long_comes_once(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.mkv", slides=[slide(9)] * 3, frames_per_second=1)
    assert [frame.time_ms for frame in read_frames(path, every_ms=200)] == [0, 1000, 2000]


def test_video_without_sound_is_told_apart(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.mp4", slides=[slide(200)] * 10)
    info = probe(path)
    assert (info.has_audio, info.has_video) == (False, True)
    assert (info.width_px, info.height_px, info.duration_ms) == (64, 48, 1000)
    with pytest.raises(BrickworkError) as caught:
        list(read_audio(path))
    assert caught.value.reason is Reason.NO_AUDIO_STREAM


def test_sound_without_pictures_has_no_frames(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.m4a", tone(1))
    with pytest.raises(BrickworkError) as caught:
        list(read_frames(path, every_ms=1000))
    assert caught.value.reason is Reason.NO_VIDEO_STREAM


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Reason.MEDIA_EMPTY),
        (b"this is a letter\n" * 20, Reason.MEDIA_UNREADABLE),
        (b"ffconcat version 1.0\nfile neighbour.wav\n", Reason.MEDIA_FORMAT_UNSUPPORTED),
        (b"#EXTM3U\n#EXTINF:5,\nneighbour.wav\n", Reason.MEDIA_FORMAT_UNSUPPORTED),
        (b"\n<?xml version='1.0'?><MPD></MPD>", Reason.MEDIA_FORMAT_UNSUPPORTED),
        (b"v=0\no=- 0 0 IN IP4 127.0.0.1\n", Reason.MEDIA_FORMAT_UNSUPPORTED),
        (b"RIFF\xff\xff\xff\x7fWAVE" + bytes(64), Reason.MEDIA_UNREADABLE),
        (b"\x1a\x45\xdf\xa3" + bytes(200), Reason.MEDIA_UNREADABLE),
        (b"OggS" + b"\x5a" * 4000, Reason.MEDIA_UNREADABLE),
        (b"fLaC" + b"\x5a" * 4000, Reason.MEDIA_UNREADABLE),
        (b"\xff\xfb\x90\x00" + b"\x5a" * 4000, Reason.MEDIA_UNREADABLE),
        (b"\xff\xf1\x50\x80" + b"\x5a" * 4000, Reason.MEDIA_UNREADABLE),
        (b"ID3\x04\x00\x00\x00\x00\x00\x10" + b"\x5a" * 4000, Reason.MEDIA_UNREADABLE),
    ],
)
@pytest.mark.parametrize("name", ["a.mp4", "a.wav"])
def test_what_is_no_recording_has_one_clear_reason(
    tmp_path: Path, name: str, content: bytes, reason: Reason
) -> None:
    write_recording(tmp_path / "neighbour.wav", tone(1))
    path = tmp_path / name
    path.write_bytes(content)
    assert reason_of(path) is reason


def test_random_bytes_are_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    for seed in range(20):
        path.write_bytes(np.random.default_rng(seed).bytes(30_000))
        assert reason_of(path) is Reason.MEDIA_UNREADABLE


@pytest.mark.parametrize("suffix", [".wav", ".mp4", ".m4a", ".mkv", ".webm", ".avi"])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.97])
def test_a_cut_container_is_unreadable(tmp_path: Path, suffix: str, kept: float) -> None:
    whole = write_recording(
        tmp_path / f"whole{suffix}", tone(3, rate_hz=48_000), rate_hz=48_000
    ).read_bytes()
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(whole[: int(len(whole) * kept)])
    assert reason_of(path) is Reason.MEDIA_UNREADABLE


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damage_in_the_middle_costs_only_what_it_hits(tmp_path: Path, suffix: str) -> None:
    path = write_recording(tmp_path / f"a{suffix}", tone(6, rate_hz=48_000), rate_hz=48_000)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(40)
    path.write_bytes(bytes(content))
    total = sum(len(block.samples) for block in read_audio(path))
    assert total / SAMPLE_RATE_HZ == pytest.approx(6, abs=0.2)


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    assert reason_of(tmp_path) is Reason.MEDIA_NOT_A_FILE
    assert reason_of(tmp_path / "nothing.wav") is Reason.MEDIA_MISSING
    os.mkfifo(tmp_path / "pipe.wav")
    assert reason_of(tmp_path / "pipe.wav") is Reason.MEDIA_NOT_A_FILE


def test_a_name_that_looks_like_a_protocol_is_only_a_name(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.wav", tone(1))
    odd = path.rename(tmp_path / "http:trñ%20 'x'.wav")
    assert probe(odd).duration_ms == 1000


async def test_checked_probe_answers_as_probe_does(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.mp4", tone(1), slides=[slide(5)] * 10)
    assert await checked_probe(path, 60) == probe(path)
    path.write_bytes(b"ffconcat version 1.0\nfile b.wav\n")
    with pytest.raises(BrickworkError) as caught:
        await checked_probe(path, 60)
    assert caught.value.reason is Reason.MEDIA_FORMAT_UNSUPPORTED
    assert caught.value.metadata == {"kind": "an ffconcat list"}


async def test_checked_probe_keeps_its_deadline(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.wav", tone(1))
    with pytest.raises(BrickworkError, match=r"within 0\.001 seconds"):
        await checked_probe(path, 0.001)


async def test_checked_image_answers_as_read_image_does(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    noise = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    await checked_image(path, 60)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(BrickworkError) as caught:
        await checked_image(path, 60)
    assert caught.value.reason is Reason.IMAGE_UNREADABLE
    with pytest.raises(BrickworkError, match="The picture could not be examined") as late:
        await checked_image(path, 0.001)
    assert late.value.reason is Reason.IMAGE_UNREADABLE


def test_a_picture_is_read_upright_and_on_white(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGBA", (30, 20), (0, 0, 0, 0)).save(path)
    pixels = read_image(path)
    assert pixels.shape == (20, 30, 3)
    assert pixels.min() == 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    Image.new("RGB", (30, 20), "black").save(tmp_path / "b.jpg", exif=exif)
    assert read_image(tmp_path / "b.jpg").shape == (30, 20, 3)


def test_a_picture_that_is_none_or_too_big_has_one_clear_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for content, reason in [
        (b"", Reason.MEDIA_EMPTY),
        (b"no picture", Reason.IMAGE_UNREADABLE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Reason.IMAGE_UNREADABLE),
    ]:
        path.write_bytes(content)
        with pytest.raises(BrickworkError) as caught:
            read_image(path)
        assert caught.value.reason is reason
    Image.new("1", (20_000, 20_000)).save(path)
    with pytest.raises(BrickworkError) as caught:
        read_image(path)
    assert caught.value.reason is Reason.MEDIA_TOO_LARGE
    Image.new("RGB", (300, 300), "red").save(tmp_path / "b.png")
    path.write_bytes((tmp_path / "b.png").read_bytes()[:200])
    with pytest.raises(BrickworkError) as caught:
        read_image(path)
    assert caught.value.reason is Reason.IMAGE_UNREADABLE
