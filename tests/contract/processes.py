"""The broker and the bricks as processes, as they are started in a mesh, with scripted engines."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BRICKS = ("asr", "diarize", "llm", "ocr", "translate")
SECONDS = 60.0
"""How long anything may take that is asked of one of them."""


@contextmanager
def process(folder: Path, name: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a process of the mesh; it must end well when it is asked to."""
    command = [sys.executable, "-m", f"brickwork_{name}"]
    with subprocess.Popen(command, env=_variables(folder, name), stderr=subprocess.DEVNULL) as one:
        try:
            yield one
        finally:
            one.send_signal(signal.SIGTERM)
            assert one.wait(SECONDS) == 0


def _variables(folder: Path, name: str) -> dict[str, str]:
    own = {"LISTEN": f"unix:{folder / name}.sock"}
    if name == "broker":
        own |= {"STATE_DIR": str(folder / "state"), "CAPACITY_BYTES": str(2**30)}
    else:
        own |= {
            "BROKER": f"unix:{folder}/broker.sock",
            "MODELS_DIR": str(folder / "models"),
            "OBJECTS_DIR": str(folder / "objects"),
            "ENGINE": "scripted",
        }
    if name == "diarize":
        own["STATE_DIR"] = str(folder / "diarize")
    return {**os.environ, **{f"BRICKWORK_{name.upper()}_{key}": own[key] for key in own}}
