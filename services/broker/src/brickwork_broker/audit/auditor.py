"""Read an audit log of the broker and print as JSON what it says.

`python -m brickwork_broker.audit.auditor history FOLDER` names broken promises, and `usage FOLDER`
adds up the memory of each tenant. A process of its own, so that whoever asks need not know the
broker.
"""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from brickwork_broker.audit.history import Breach, History
from brickwork_broker.audit.usage import Usage
from brickwork_sdk.audit.segments import records_of


def main() -> int:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description="Tell what an audit log of the broker says.")
    parser.add_argument("question", choices=("history", "usage"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--since", type=datetime.fromisoformat)
    arguments = parser.parse_args()
    if arguments.question == "history":
        told = tell_history(arguments.folder)
    else:
        told = tell_usage(arguments.folder, arguments.since)
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


def check_history(folder: Path) -> tuple[History, list[Breach]]:
    """Read a log and return what was followed, and each promise that a record breaks."""
    history = History()
    breaches: list[Breach] = []
    for record in records_of(folder):
        breaches += history.read(record.sequence, record.entry)
    return history, breaches


def tell_history(folder: Path) -> dict[str, Any]:
    """Return what the history says, as JSON has it."""
    history, breaches = check_history(folder)
    return {
        "start_count": history.start_count,
        "change_count": history.change_count,
        "found_count": history.found_count,
        "breaches": [asdict(one) for one in breaches],
    }


def tell_usage(folder: Path, since: datetime | None) -> dict[str, Any]:
    """Return what each tenant has had, the one with the most first, as JSON has it."""
    usage = Usage(since)
    for record in records_of(folder):
        usage.read(record)
    usage.settle(datetime.now(UTC))
    tenants = [{"tenant": name, **asdict(one)} for name, one in usage.by_tenant.items()]
    return {"tenants": sorted(tenants, key=lambda one: -one["granted_byte_seconds"])}


if __name__ == "__main__":
    sys.exit(main())
