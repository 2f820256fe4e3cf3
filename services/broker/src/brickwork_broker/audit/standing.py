"""Hold how a token stands, and the words for it that every record of the audit log has."""

from dataclasses import dataclass
from typing import Any

from brickwork_broker.core.request import Process, TokenRequest, WorkClass
from brickwork_broker.core.token import Grant, TokenState


@dataclass(frozen=True, slots=True)
class Standing:
    """Say how a token stands, as the entries so far have it.

    Attributes:
        request: as it was asked for; None of an id that was never known.
        work_class: of the work now.
        state: where it stands; None before anything has happened to it.
        epoch: of its grant; 0 without one.
        charged_bytes: what is charged for it.
        keep_bytes: what it is asked to keep to; 0 where it is asked for all, or for nothing.
        users: processes that may be using the memory, less those known to be gone.
        was_used: whether any process was ever named.
    """

    request: TokenRequest | None = None
    work_class: WorkClass = WorkClass.BATCH
    state: TokenState | None = None
    epoch: int = 0
    charged_bytes: int = 0
    keep_bytes: int = 0
    users: tuple[Process, ...] = ()
    was_used: bool = False


def standing_of(grant: Grant) -> Standing:
    """Return how a grant of the ledger stands."""
    return Standing(
        request=grant.request,
        work_class=grant.work_class,
        state=grant.state,
        epoch=grant.epoch,
        charged_bytes=grant.granted_bytes,
        keep_bytes=0 if grant.demand is None else grant.demand.keep_bytes,
        users=grant.users,
        was_used=grant.was_used,
    )


def described(token_id: str, standing: Standing) -> dict[str, Any]:
    """Return what every record of a token says of it."""
    request = standing.request
    return {
        "token_id": token_id,
        "holder": "" if request is None else request.holder,
        "purpose": "" if request is None else request.purpose,
        "tenant": "" if request is None else request.tenant,
        "work_class": standing.work_class,
        "epoch": standing.epoch,
        "charged_bytes": standing.charged_bytes,
    }


def name_of(process: Process) -> str:
    """Return a process as a record names it."""
    return f"{process.boot_id}/{process.pid}/{process.start_ticks}"
