"""Write the operators' dashboard, `compose/grafana/brickwork.json`, row by row."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "compose" / "grafana" / "brickwork.json"
SOURCE = {"type": "prometheus", "uid": "${source}"}
WIDTH, ROW_HEIGHT, PANEL_HEIGHT = 24, 1, 8


class Panel(NamedTuple):
    """One graph: its title, its unit, its queries by legend, and what to see in it."""

    title: str
    unit: str
    queries: dict[str, str]
    about: str
    is_stacked: bool = False


def rate(counter: str, by: str, where: str = "") -> str:
    """Return the query of how fast a counter grows."""
    return f"sum by ({by}) (rate({counter}{where}[$__rate_interval]))"


def quantile(share: float, histogram: str, by: str, where: str = "") -> str:
    """Return the query of a quantile of a histogram."""
    return (
        f"histogram_quantile({share}, "
        f"sum by (le, {by}) (rate({histogram}_bucket{where}[$__rate_interval])))"
    )


FREE = (
    "brickwork_lease_capacity_bytes - on (device) brickwork_lease_quarantined_bytes"
    " - on (device) sum by (device) (brickwork_lease_granted_bytes)"
)
ROWS: dict[str, tuple[Panel, ...]] = {
    "Saturation: memory and who waits for it": (
        Panel(
            "Memory to lend",
            "bytes",
            {
                "granted, {{class}}": "sum by (class) (brickwork_lease_granted_bytes)",
                "quarantined": "sum(brickwork_lease_quarantined_bytes)",
                "free": f"sum({FREE})",
            },
            "The stack is as high as what may be lent. Quarantine goes within ten seconds.",
            is_stacked=True,
        ),
        Panel(
            "Memory beside it",
            "bytes",
            {
                "used without a token, {{device}}": "brickwork_device_foreign_bytes",
                "used beyond tokens, {{device}}": "brickwork_lease_overrun_bytes",
                "engine, {{model}}": "sum by (model) (brickwork_engine_resident_memory_bytes)",
                "process, {{process}}": "sum by (process) (process_resident_memory_bytes)",
            },
            "What others use, and what our processes really take.",
        ),
        Panel(
            "Who waits for memory",
            "s",
            {
                "oldest, {{class}}": "max by (class) (brickwork_lease_queue_age_seconds)",
                "wait p95, {{class}}": quantile(0.95, "brickwork_lease_wait_seconds", "class"),
            },
            "`brickwork jobs` and the cause of a stage say what they wait for.",
        ),
        Panel(
            "Requests that wait for memory",
            "short",
            {"{{class}}": "sum by (class) (brickwork_lease_queue_depth)"},
            "Zero most of the time where all models fit.",
        ),
        Panel(
            "Calls on models",
            "short",
            {"{{model}} {{state}}": "sum by (model, state) (brickwork_engine_calls) > 0"},
            "Waiting calls beside running ones: one model is wanted by many.",
        ),
        Panel(
            "Room on disk",
            "percentunit",
            {"{{place}}": "min by (place) (brickwork_disk_free_bytes / brickwork_disk_size_bytes)"},
            "Below a tenth an alert tells of it; a full disk takes no more recordings.",
        ),
    ),
    "Traffic: jobs and stages": (
        Panel(
            "Jobs",
            "short",
            {"{{state}}": "sum by (state) (brickwork_jobs)"},
            "All jobs of the ledger.",
        ),
        Panel(
            "Stages of unfinished jobs",
            "short",
            {"{{stage}} {{state}}": "sum by (stage, state) (brickwork_stages) > 0"},
            "Many of one stage `waiting` or `sent`: its brick or its workers are too few.",
        ),
        Panel(
            "Taken in",
            "short",
            {
                "recordings, s of sound a second, {{class}}": rate(
                    "brickwork_submitted_audio_seconds_total", "class"
                ),
                "jobs a second, {{class}}": rate("brickwork_jobs_submitted_total", "class"),
            },
            "More sound a second than the slowest brick works through makes a queue.",
        ),
        Panel(
            "Worked through",
            "short",
            {
                "{{model}}, s of recording a second": rate(
                    "brickwork_media_seconds_total", "model"
                ),
                "{{model}}, {{kind}} frames a second": rate(
                    "brickwork_ocr_frames_total", "model, kind"
                ),
                "{{model}}, pages a second": rate("brickwork_ocr_pages_total", "model"),
                "{{model}}, characters a second": rate(
                    "brickwork_translate_characters_total", "model"
                ),
                "{{model}}, {{kind}} tokens a second": rate(
                    "brickwork_llm_tokens_total", "model, kind"
                ),
            },
            "What each model does, in its own unit.",
        ),
    ),
    "Errors": (
        Panel(
            "Calls that failed, by reason",
            "short",
            {"{{service}} {{reason}}": rate("brickwork_rpc_errors_total", "service, reason")},
            "The reasons are in docs/reference/errors.md.",
        ),
        Panel(
            "Attempts at stages that failed, by reason",
            "short",
            {"{{stage}} {{reason}}": rate("brickwork_stage_errors_total", "stage, reason")},
            "A failed attempt is tried again unless the request itself is at fault.",
        ),
        Panel(
            "Answers of the gateway",
            "short",
            {"{{status}}": rate("brickwork_http_total", "status")},
            "4xx is refused, 5xx is our fault.",
        ),
        Panel(
            "Restarts and reloads",
            "short",
            {
                "{{process}} started": "changes(process_start_time_seconds[15m]) > 0",
                "{{model}} loaded: {{cause}}": (
                    "sum by (model, cause) (increase(brickwork_model_loads_total[15m])) > 0"
                ),
            },
            "In the last quarter of an hour. `evicted` again and again: models take turns.",
        ),
        Panel(
            "Refusals of the broker",
            "short",
            {"{{refusal}}": rate("brickwork_lease_refusals_total", "refusal")},
            "`stale` after a restart of a brick is as it should be.",
        ),
    ),
    "Latency": (
        Panel(
            "Real-time factor",
            "short",
            {
                "{{model}}": f"{rate('brickwork_engine_compute_seconds_total', 'model')}"
                f" / ({rate('brickwork_media_seconds_total', 'model')} > 0)"
            },
            "Seconds of computing for a second of recording; above 1 it cannot keep up with talk.",
        ),
        Panel(
            "First answer of an engine, p95",
            "s",
            {"{{model}}": quantile(0.95, "brickwork_engine_first_answer_seconds", "model")},
            "Waiting and loading included: what a person waits until something is seen.",
        ),
        Panel(
            "Attempts: queued, waiting, computing, p95",
            "s",
            {
                "{{stage}} queued": quantile(0.95, "brickwork_stage_queued_seconds", "stage"),
                "{{stage}} {{phase}}": quantile(0.95, "brickwork_stage_seconds", "stage, phase"),
            },
            "Queued is for a worker, waiting for memory or a model.",
        ),
        Panel(
            "Calls, p95",
            "s",
            {"{{service}} {{rpc}}": quantile(0.95, "brickwork_rpc_seconds", "service, rpc")},
            "Streams to their end.",
        ),
        Panel(
            "Requests, p95",
            "s",
            {"{{method}} {{route}}": quantile(0.95, "brickwork_http_seconds", "method, route")},
            "Uploads and streams of events take as long as they take.",
        ),
        Panel(
            "Loading, giving back, renewing, p95",
            "s",
            {
                "{{model}} loaded": quantile(0.95, "brickwork_model_load_seconds", "model"),
                "given back, {{suspicion}}": quantile(
                    0.95, "brickwork_lease_reclaim_seconds", "suspicion"
                ),
                "between renewals, {{process}}": quantile(
                    0.95, "brickwork_lease_renew_gap_seconds", "process"
                ),
            },
            "A dead holder's memory is to be free within 10 s; a renewal is late after 5 s.",
        ),
    ),
}


def graph(panel: Panel, number: int, left: int, top: int) -> dict[str, Any]:
    """Render one panel."""
    custom: dict[str, Any] = {"fillOpacity": 60 if panel.is_stacked else 8, "showPoints": "never"}
    if panel.is_stacked:
        custom["stacking"] = {"mode": "normal"}
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "gridPos": {"x": left, "y": top, "w": WIDTH // 3, "h": PANEL_HEIGHT},
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "min": 0, "custom": custom},
            "overrides": [],
        },
        "options": {"tooltip": {"mode": "multi"}, "legend": {"displayMode": "list"}},
        "targets": [
            {"refId": chr(ord("A") + place), "expr": query, "legendFormat": legend}
            for place, (legend, query) in enumerate(panel.queries.items())
        ],
    }


def page() -> str:
    """Render the whole dashboard."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in ROWS.items():
        heading = {"x": 0, "y": top, "w": WIDTH, "h": ROW_HEIGHT}
        panels.append(
            {"id": len(panels) + 1, "type": "row", "title": title, "gridPos": heading, "panels": []}
        )
        top += ROW_HEIGHT
        for place, panel in enumerate(row):
            left, below = place % 3 * (WIDTH // 3), place // 3 * PANEL_HEIGHT
            panels.append(graph(panel, len(panels) + 1, left, top + below))
        top += -(-len(row) // 3) * PANEL_HEIGHT
    choice = {"name": "source", "type": "datasource", "query": "prometheus", "label": "Source"}
    dashboard = {
        "uid": "brickwork",
        "title": "Brickwork",
        "schemaVersion": 39,
        "editable": False,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [choice]},
        "panels": panels,
    }
    return json.dumps(dashboard, indent=1) + "\n"


def main() -> int:
    """Write the dashboard, or with --check tell whether it is fresh."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail on a difference")
    if parser.parse_args().check:
        if not PAGE.exists() or PAGE.read_text() != page():
            print(f"not fresh, run `make docs`: {PAGE.relative_to(ROOT)}", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
