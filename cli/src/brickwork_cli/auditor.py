"""Ask the broker's own program what its audit log says: the handle knows no words of the broker."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

MODULE = "brickwork_broker.audit.auditor"


def ask(question: str, folder: Path, *words: str) -> dict[str, Any]:
    """Return the answer to `history` or `usage`."""
    command = [sys.executable, "-m", MODULE, question, str(folder), *words]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    told: dict[str, Any] = json.loads(answer.stdout)
    return told
