"""Send a real recording through the mesh, and check that nothing is missing of what comes out.

The recording is put together first where that has not been done; the handle then does what it does
for anybody, progress included, and prints the result.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brickwork_cli.__main__ import main as brickwork

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".brickwork" / "demo"
RECORDING = FOLDER / "three-readings.mp4"
MAKER = ROOT / "tools" / "demo_recording.py"

STAGES = (
    "ingest", "transcribe", "diarize", "read_video", "align", "translate", "summarize", "publish",
)  # fmt: skip
FILES = [RECORDING.with_suffix(suffix) for suffix in (".json", ".srt", ".vtt", ".txt")]


def make_recording() -> None:
    """Put the recording together unless it is there and newer than its maker."""
    if RECORDING.exists() and RECORDING.stat().st_mtime > MAKER.stat().st_mtime:
        return
    print("demo: putting the recording together", flush=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    unfinished = FOLDER / f"unfinished{RECORDING.suffix}"
    subprocess.run([sys.executable, MAKER, unfinished], check=True)
    unfinished.with_suffix(".truth.json").replace(RECORDING.with_suffix(".truth.json"))
    unfinished.replace(RECORDING)


def transcribe() -> int:
    """Run the handle in this process, so that Control-C reaches it and nobody else."""
    sys.argv = ["brickwork", "transcribe", str(RECORDING), "--translate", "pt", "--summary"]
    sys.argv += ["--out", str(FOLDER)]
    try:
        brickwork()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def missing(result: dict[str, Any]) -> Iterator[str]:
    """Yield what a whole result would have and this one has not."""
    for part in result["missing"]:
        yield f"{part['part']}: {part['message']}"
    segments = result["segments"]
    if not segments:
        yield "the transcript"
    if len(result["speakers"]) < 2:
        yield "a second speaker"
    for segment in segments:
        if not segment["translation"]:
            yield f"the translation of what is said at {segment['start_ms']} ms"
    if not any(slide["text"] for slide in result["slides"]):
        yield "the text of the slides"
    summary = result["summary"] or {}
    if not (summary.get("extractive") or {}).get("sentences"):
        yield "the sentences picked as a summary"
    if not (summary.get("grounded") or {}).get("written_count"):
        yield "what the model wrote for a summary"
    timed = {stage["name"] for stage in result["stages"] if stage["ran_ms"] >= 0}
    yield from (f"the seconds of the stage {name}" for name in STAGES if name not in timed)


def main() -> int:
    """Make the recording, transcribe it, check the result; return the exit status."""
    make_recording()
    for path in FILES:
        path.unlink(missing_ok=True)
    status = transcribe()
    if status:
        return status
    faults = [f"the file {path.name}" for path in FILES if not path.is_file()]
    faults = faults or list(missing(json.loads(FILES[0].read_text("utf-8"))))
    for fault in faults:
        print(f"demo: missing is {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
