"""Peaks of all processes of a mesh while it works a job through."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from brickwork_cli.mesh_state import MeshState
from tools.bench.peak import peak_bytes, reset_peak
from tools.bench.plain import DEFAULT_MODELS
from tools.bench.warm_mesh import load_models, mesh, run_job

_LOOK_EVERY_SECONDS = 0.05

Peaks = dict[str, dict[str, int]]
"""Bytes by kind and process; the kinds are `mesh`, and `media` for what reads recordings."""


def mesh_peaks(recordings: Sequence[Path]) -> list[Peaks]:
    """Return the peaks of one mesh with scripted engines over each recording in turn."""
    with mesh("scripted") as state:
        load_models(state, DEFAULT_MODELS)
        return [_peaks(state, recording) for recording in recordings]


def _peaks(state: MeshState, recording: Path) -> Peaks:
    parts = {part.name: part.pid for part in state.processes}
    parts["supervisor"] = state.supervisor.pid
    engines = {
        f"{brick} engine": child.pid
        for brick in DEFAULT_MODELS
        for child in psutil.Process(parts[brick]).children()
    }
    for pid in (*parts.values(), *engines.values()):
        reset_peak(pid)
    over = threading.Event()
    look = _Look(parts["gateway"], over)
    look.start()
    try:
        run_job(state, recording)
    finally:
        over.set()
        look.join()
    reading = {
        name: pid for name, pid in engines.items() if name.split()[0] not in ("translate", "llm")
    }
    working = {**parts, **{name: pid for name, pid in engines.items() if name not in reading}}
    return {
        "mesh": {name: peak_bytes(pid) for name, pid in working.items()},
        "media": {
            **{name: peak_bytes(pid) for name, pid in reading.items()},
            "examination of the upload": look.peak_bytes,
        },
    }


class _Look(threading.Thread):
    """Looks often at the short-lived children of a process; `peak_bytes` is their highest peak."""

    def __init__(self, pid: int, over: threading.Event) -> None:
        super().__init__()
        self.peak_bytes = 0
        self._parent = psutil.Process(pid)
        self._over = over

    def run(self) -> None:
        while not self._over.wait(_LOOK_EVERY_SECONDS):
            for child in self._parent.children():
                # It may end while it is looked at.
                with suppress(OSError):
                    self.peak_bytes = max(self.peak_bytes, peak_bytes(child.pid))
