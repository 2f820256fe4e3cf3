"""The child that looks at one file under limits and answers in JSON."""

import dataclasses
import importlib
import json
import resource
import sys
from pathlib import Path
from typing import Any

from brickwork_sdk.errors import BrickworkError, InvalidInput, Reason
from brickwork_sdk.logs import write_logs

DATA_BYTES_MAX = 2 * 1024**3


def limit(cpu_seconds: int) -> None:
    """Take from this process what a look does not need."""
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_DATA, (DATA_BYTES_MAX, DATA_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answer(kind: str, path: Path, *words: str) -> dict[str, Any]:
    """Return the fields of a recording's `MediaInfo`, none for a picture, or the error.

    Of a document they are those of what the module finds that the first of the words names.
    """
    try:
        # Only what the kind needs: every brick of a job looks, and NumPy takes half of a look.
        if kind == "recording":
            from brickwork_sdk.media.probe import probe

            return dataclasses.asdict(probe(path))
        if kind == "document":
            module, *rest = words
            return dataclasses.asdict(importlib.import_module(module).look(path, *rest))
        from brickwork_sdk.media.image import decoded

        decoded(path)
        return {}
    except MemoryError:
        return _described(
            InvalidInput(Reason.MEDIA_TOO_LARGE, f"The {kind} needs too much memory.")
        )
    except BrickworkError as error:
        return _described(error)


def _described(error: BrickworkError) -> dict[str, Any]:
    return {
        "code": error.code.name,
        "reason": error.reason,
        "message": error.message,
        "metadata": error.metadata,
    }


if __name__ == "__main__":
    kind, place, cpu_seconds, *words = sys.argv[1:]
    write_logs("media", "WARNING")
    limit(int(cpu_seconds))
    sys.stdout.write(json.dumps(answer(kind, Path(place), *words)))
