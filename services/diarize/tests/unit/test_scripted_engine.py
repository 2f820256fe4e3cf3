from pathlib import Path

from brickwork_diarize.engine import DiarizeRequest, Progress, RecordingEnd, Turn
from brickwork_diarize.scripted_engine import load
from brickwork_sdk.testing.recordings import tone, write_recording


def test_speakers_take_turns_of_two_seconds(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "tone.wav", tone(5))
    events = list(load(tmp_path, {}).diarize(DiarizeRequest(path)))
    assert events == [
        Progress(2_000, 5_000),
        Progress(4_000, 5_000),
        Progress(5_000, 5_000),
        Turn(0, 2_000, "S1"),
        Turn(2_000, 4_000, "S2"),
        Turn(4_000, 5_000, "S1"),
        RecordingEnd(2, 5_000),
    ]


def test_as_many_speakers_as_were_asked_for(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "tone.wav", tone(5))
    *_, end = load(tmp_path, {}).diarize(DiarizeRequest(path, 3, 3))
    assert end == RecordingEnd(3, 5_000)
