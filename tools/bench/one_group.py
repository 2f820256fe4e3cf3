"""Run one group: `python -m tools.bench.one_group NAME`, for `tools.bench` alone.

Each row and each sentence is a line of JSON on standard output, with whatever libraries print sent
to standard error instead. A process of its own, so that what one group loads is not measured in
the next, and so that it can be ended whatever it does.
"""

import importlib
import json
import os
import sys


def main() -> None:
    """Measure and report."""
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for found in importlib.import_module(f"tools.bench.{sys.argv[1]}").measure():
        line = {"tell": found} if isinstance(found, str) else {"row": found.to_json()}
        report.write(json.dumps(line) + "\n")
        report.flush()


if __name__ == "__main__":
    main()
