"""Measure the diarize brick on recordings with known turns.

Run as `python -m tests.bench.bench_diarize MODEL_DIR RTTM AUDIO...`; the name of an audio file
without its ending is the recording that the RTTM file speaks of.
"""

import sys
import time
from pathlib import Path

from brickwork_diarize.engine import DiarizeRequest, RecordingEnd, Turn
from brickwork_diarize.onnx_engine import load
from tests.bench.diarization_error import Talk, read_rttm, score


def main(model_dir: Path, rttm: Path, recordings: list[Path]) -> None:
    """Print a line for each recording and one for all of them; speed is in processor time."""
    truth, engine = read_rttm(rttm), load(model_dir, {"threads": "1"})
    speech_ms = wrong_ms = 0
    rates = []
    for path in recordings:
        began = time.process_time()
        events = list(engine.diarize(DiarizeRequest(path)))
        seconds = time.process_time() - began
        turns = [
            Talk(event.start_ms, event.end_ms, event.speaker)
            for event in events
            if isinstance(event, Turn)
        ]
        end = next(event for event in events if isinstance(event, RecordingEnd))
        known = truth[path.stem]
        error = score(known, turns, end.duration_ms)
        rates.append(error.rate)
        speech_ms += error.speech_ms
        wrong_ms += round(error.rate * error.speech_ms)
        speakers = f"{end.speaker_count} of {len({talk.speaker for talk in known})} speakers"
        speed = end.duration_ms / 1000 / seconds
        sys.stdout.write(
            f"{path.stem}: DER {error.rate:.3f}, {speakers}, {speed:.1f}s of sound a second\n"
        )
    sys.stdout.write(f"mean {sum(rates) / len(rates):.3f}, pooled {wrong_ms / speech_ms:.3f}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
