"""Try to load models one after the other, and print as JSON why each is refused.

`python -m tests.nemo.refusals ENGINE FOLDER ENGINE FOLDER ...`: one program for several, because
NeMo takes long to import. Not through engine processes, which load one model each.
"""

import importlib
import json
import sys
from pathlib import Path

from brickwork_sdk.errors import BrickworkError


def refusal(engine: str, folder: str) -> tuple[str, str]:
    """Return reason and message, both empty where the model is loaded."""
    try:
        importlib.import_module(engine).load(Path(folder), {})
    except BrickworkError as error:
        return error.reason.value, error.message
    return "", ""


if __name__ == "__main__":
    told = [refusal(*pair) for pair in zip(sys.argv[1::2], sys.argv[2::2], strict=True)]
    sys.stdout.write("\n" + json.dumps(told))
