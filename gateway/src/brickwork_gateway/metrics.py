"""What the gateway and its workers count and measure; the only home of these names."""

from brickwork_sdk.telemetry.metrics import CALL_BUCKETS, WORK_BUCKETS, Counter, Gauge, Histogram

HTTP_SECONDS = Histogram(
    "brickwork_http_seconds",
    "How long requests took, streams to their end.",
    ["method", "route"],
    buckets=CALL_BUCKETS,
)
HTTP_TOTAL = Counter(
    "brickwork_http_total", "Requests that ended, by HTTP status.", ["method", "route", "status"]
)
JOBS_SUBMITTED = Counter(
    "brickwork_jobs_submitted_total", "Jobs that were taken in, by class of work.", ["class"]
)
SUBMITTED_AUDIO_SECONDS = Counter(
    "brickwork_submitted_audio_seconds_total",
    "Length of the recordings that were taken in, by class of work.",
    ["class"],
)
SUBMITTED_BYTES = Counter(
    "brickwork_submitted_bytes_total",
    "Size of the recordings that were taken in, by class of work.",
    ["class"],
)
JOBS = Gauge("brickwork_jobs", "Jobs in the ledger, by state.", ["state"], registry=None)
STAGES = Gauge("brickwork_stages", "Stages of unfinished jobs, by state.", ["stage", "state"])
QUEUE_AGE_SECONDS = Gauge(
    "brickwork_queue_age_seconds",
    "For how long the stage that could have begun first has not begun; 0 when none could.",
    ["class"],
)
STAGE_QUEUED_SECONDS = Histogram(
    "brickwork_stage_queued_seconds",
    "From the first message of an attempt to the worker that took it.",
    ["stage"],
    buckets=WORK_BUCKETS,
)
STAGE_SECONDS = Histogram(
    "brickwork_stage_seconds",
    "How long an attempt spent waiting for memory or a model, and how long computing.",
    ["stage", "phase"],
    buckets=CALL_BUCKETS,
)
STAGE_ATTEMPTS = Counter(
    "brickwork_stage_attempts_total",
    "Attempts that ended: done, failed, released or overtaken.",
    ["stage", "outcome"],
)
STAGE_ERRORS = Counter(
    "brickwork_stage_errors_total", "Attempts that failed, by reason.", ["stage", "reason"]
)
DISK_FREE_BYTES = Gauge(
    "brickwork_disk_free_bytes",
    "Room left where the ledger (state) and the recordings (objects) lie.",
    ["place"],
    registry=None,
)
DISK_SIZE_BYTES = Gauge(
    "brickwork_disk_size_bytes",
    "Size of the disk where the ledger (state) and the recordings (objects) lie.",
    ["place"],
    registry=None,
)
LEDGER_GAUGES = (JOBS, DISK_FREE_BYTES, DISK_SIZE_BYTES)
