"""The file that tells a program under a lease how the lease stands."""

import json
import time
from pathlib import Path

from brickwork_cli.home import write_whole
from brickwork_sdk.leases.lease import Lease


def write_lease_file(path: Path, lease: Lease) -> None:
    """Put the state of a lease where its program reads it, whole or not at all.

    Raises:
        NotPossible: STORAGE_FULL.
    """
    token = lease.token
    demand = token.demand
    asked = (
        None
        if demand is None
        else {
            "keep_bytes": demand.keep_bytes,
            "within_seconds": max(0.0, demand.until - time.monotonic()),
            "cause": demand.cause,
        }
    )
    state = {
        "granted_bytes": token.granted_bytes,
        "device": token.device,
        "hold_left_seconds": lease.hold_left_seconds,
        "is_wanted_back": token.is_wanted_back,
        "demand": asked,
    }
    write_whole(path, json.dumps(state))
