import hashlib
import json
from pathlib import Path

import av
import pytest

DATA = Path(__file__).resolve().parents[1] / "data"
CLIPS = json.loads((DATA / "recordings" / "clips.json").read_text())


@pytest.mark.parametrize("clip", CLIPS, ids=[clip["clip"] for clip in CLIPS])
def test_a_clip_is_what_its_catalogue_says(clip: dict[str, str | float]) -> None:
    path = DATA / "recordings" / f"{clip['clip']}.flac"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == clip["sha256"]
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        samples = sum(frame.samples for frame in container.decode(stream))
    assert (stream.rate, stream.channels) == (16_000, 1)
    assert samples / 16_000 == pytest.approx(clip["seconds"], abs=0.001)
    assert path.with_suffix(".txt").read_text("utf-8").strip()


def test_every_clip_is_in_the_catalogue_and_its_licence_in_the_readme() -> None:
    names = {path.stem for path in (DATA / "recordings").glob("*.flac")}
    assert names == {clip["clip"] for clip in CLIPS}
    readme = (DATA / "README.md").read_text("utf-8")
    for name in names - {f"austen-{n}" for n in range(2, 5)}:  # the table gives 1 to 5 in one row
        assert f"`{name}.flac`" in readme
