"""What the broker counts and measures; the only home of these names.

No label names a token, a holder or a tenant: whoever asks chooses those, and so their number.
"""

from brickwork_sdk.telemetry.metrics import WORK_BUCKETS, Counter, Gauge, Histogram

CAPACITY_BYTES = Gauge(
    "brickwork_lease_capacity_bytes", "Memory that may be lent.", ["device"], registry=None
)
GRANTED_BYTES = Gauge(
    "brickwork_lease_granted_bytes",
    "Memory that is lent, by class of work.",
    ["device", "class"],
    registry=None,
)
QUARANTINED_BYTES = Gauge(
    "brickwork_lease_quarantined_bytes",
    "Memory of tokens that are over, while their processes are not known to be gone.",
    ["device"],
    registry=None,
)
QUARANTINE_AGE_SECONDS = Gauge(
    "brickwork_lease_quarantine_age_seconds",
    "Age of the oldest quarantine; 0 when there is none.",
    ["device"],
    registry=None,
)
FOREIGN_BYTES = Gauge(
    "brickwork_device_foreign_bytes",
    "Memory in use by processes that hold no token; missing where the device cannot be read.",
    ["device"],
    registry=None,
)
OVERRUN_BYTES = Gauge(
    "brickwork_lease_overrun_bytes",
    "Memory that holders use beyond their tokens, as far as it can be read.",
    ["device"],
    registry=None,
)
ATTESTED_BYTES = Gauge(
    "brickwork_lease_attested_bytes",
    "Memory that the processes of all tokens were last seen to use.",
    ["device"],
    registry=None,
)
EXCESS_BYTES = Gauge(
    "brickwork_device_excess_bytes",
    "Memory in use beyond what there may be; nothing is granted while there is any.",
    ["device"],
    registry=None,
)
LOADING = Gauge(
    "brickwork_device_loading_models",
    "Models that are being loaded: one at a time.",
    ["device"],
    registry=None,
)
RELOAD_STORMS = Gauge(
    "brickwork_device_storming_models",
    "Models that come and go without end, and so stay half a minute.",
    ["device"],
    registry=None,
)
QUEUE_DEPTH = Gauge(
    "brickwork_lease_queue_depth", "Requests that wait for memory.", ["class"], registry=None
)
QUEUE_AGE_SECONDS = Gauge(
    "brickwork_lease_queue_age_seconds",
    "For how long the oldest request has waited; 0 when none waits.",
    ["class"],
    registry=None,
)
WAIT_SECONDS = Histogram(
    "brickwork_lease_wait_seconds",
    "How long requests waited, until they were granted or cancelled.",
    ["class", "outcome"],
    buckets=WORK_BUCKETS,
)
RECLAIM_SECONDS = Histogram(
    "brickwork_lease_reclaim_seconds",
    "From the end of a token to the proof that its memory is free, by why it ended.",
    ["suspicion"],
    buckets=WORK_BUCKETS,
)
RENEW_GAP_SECONDS = Histogram(
    "brickwork_lease_renew_gap_seconds",
    "Between two renewals of a token; a holder of ours renews every 1.7 s and is late after 5.",
    buckets=(0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 10, 30),
)
DEMANDS = Counter(
    "brickwork_lease_demands_total",
    "Holders that were asked for memory, by how they make room.",
    ["how"],
)
LOAD_SECONDS = Histogram(
    "brickwork_lease_load_seconds",
    "How long a load had the device's one load slot.",
    buckets=WORK_BUCKETS,
)
REFUSALS = Counter(
    "brickwork_lease_refusals_total", "Commands that changed nothing, by why.", ["refusal"]
)
FOOTPRINT_RATIO = Histogram(
    "brickwork_footprint_estimate_ratio",
    "What was expected of a run over what it took, by what that was expected from; below 1 is an "
    "underestimate.",
    ["basis"],
    buckets=(0.5, 0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.15, 1.25, 1.5, 2, 3, 5),
)
PROMISES_BROKEN = Counter(
    "brickwork_promises_broken_total",
    "Records of the audit log by which the broker breaks a promise, as it writes them.",
    ["promise"],
)
AUDIT_MISSING = Counter(
    "brickwork_audit_missing_records_total",
    "Records for which the disk had no room; the audit log says so itself afterwards.",
)
LEASE_GAUGES = (
    CAPACITY_BYTES,
    GRANTED_BYTES,
    QUARANTINED_BYTES,
    QUARANTINE_AGE_SECONDS,
    FOREIGN_BYTES,
    OVERRUN_BYTES,
    ATTESTED_BYTES,
    EXCESS_BYTES,
    LOADING,
    RELOAD_STORMS,
    QUEUE_DEPTH,
    QUEUE_AGE_SECONDS,
)
