"""Where the processes of a mesh tell of themselves: traces to one sink, metrics each on a port."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from brickwork_cli.home import Home, write_whole
from brickwork_cli.plan import ProcessPlan

_LISTEN = "_LISTEN"
_METRICS_LISTEN = "_METRICS_LISTEN"


def observed(
    plans: Sequence[ProcessPlan], metrics_port: int, otlp_endpoint: str
) -> list[ProcessPlan]:
    """Return the plans with what their processes need to know to be observed.

    Args:
        plans: all processes; Valkey, which is not ours, stays as it is.
        metrics_port: loopback port of the first one's metrics, the next ones follow; 0 for none.
        otlp_endpoint: where traces go; empty for nowhere.
    """
    found, port = [], metrics_port
    for plan in plans:
        prefix = _prefix(plan)
        added = {}
        if prefix and otlp_endpoint:
            added[f"{prefix}_OTLP_ENDPOINT"] = otlp_endpoint
        if prefix and metrics_port:
            added[prefix + _METRICS_LISTEN] = f"127.0.0.1:{port}"
            port += 1
        found.append(replace(plan, settings={**plan.settings, **added}))
    return found


def targets(plans: Sequence[ProcessPlan]) -> str:
    """Render what Prometheus reads to find the metrics of every process.

    Source: Prometheus, file-based service discovery (file_sd_config), JSON.
    """
    groups = [
        {"targets": [address], "labels": {"process": plan.name, "service": plan.service}}
        for plan in plans
        for name, address in plan.settings.items()
        if name.endswith(_METRICS_LISTEN)
    ]
    return json.dumps(groups, indent=2) + "\n"


def targets_path(home: Home) -> Path:
    """Return the file that names the metrics of the running mesh."""
    return home.run / "metrics-targets.json"


def write_targets(home: Home, plans: Sequence[ProcessPlan]) -> None:
    """Put the list of targets where Prometheus finds it, whole or not at all.

    Raises:
        NotPossible: STORAGE_FULL, or SETTING_INVALID where a home takes no file.
    """
    write_whole(targets_path(home), targets(plans))


def _prefix(plan: ProcessPlan) -> str:
    """Return what the names of a process's settings begin with; empty where it has none."""
    names = [name for name in plan.settings if name.endswith(_LISTEN)]
    return min(names, key=len).removesuffix(_LISTEN) if names else ""
