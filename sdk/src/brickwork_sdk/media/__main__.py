"""The child of `checked_probe`: probes one file under limits and answers in JSON."""

import dataclasses
import json
import resource
import sys
from pathlib import Path
from typing import Any

from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.media.info import probe

DATA_BYTES_MAX = 2 * 1024**3


def limit(cpu_seconds: int) -> None:
    """Take from this process what a probe does not need."""
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_DATA, (DATA_BYTES_MAX, DATA_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answer(path: Path) -> dict[str, Any]:
    """Probe the file and return the fields of its `MediaInfo` or of the error."""
    try:
        return dataclasses.asdict(probe(path))
    except BrickworkError as error:
        return {
            "code": error.code.name,
            "reason": error.reason,
            "message": error.message,
            "metadata": error.metadata,
        }


if __name__ == "__main__":
    limit(int(sys.argv[2]))
    sys.stdout.write(json.dumps(answer(Path(sys.argv[1]))))
