"""Turn down requests that make no sense, each with one sentence."""

import re
from dataclasses import dataclass

from brickwork_broker.core.commands import Renew
from brickwork_broker.core.request import Process, TokenRequest, Workload

TOKEN_ID = re.compile(r"[a-z0-9-]{8,64}")
NAME_CHARACTERS_MAX = 128
RENEW_WITHIN_MS_MIN = 1_000
RENEW_WITHIN_MS_MAX = 30_000
WAIT_MS_MAX = 30_000
SPAN_MS_MAX = 86_400_000
"""A day: what is meant to be kept longer is a mistake, or belongs on another machine."""
USERS_MAX = 512
"""A leased program and what it starts; more than that is a flood."""
IDLE_MS_MAX = 31_622_400_000
BYTES_MAX = 1 << 50
"""A pebibyte: beyond any device, so beyond it a number is a mistake."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Say which field is wrong, and how, in one sentence."""

    field: str
    message: str


def find_fault(request: TokenRequest, wait_ms: int) -> Fault | None:
    """Return the first thing that is wrong with a request, or None."""
    fault = (
        _fault_of_names(request)
        or _fault_of_sizes(request)
        or _fault_of(request.process)
        or _fault_of_spans(request)
        or _fault_of_workload(request.workload)
    )
    if fault is not None:
        return fault
    if not RENEW_WITHIN_MS_MIN <= request.renew_within_ms <= RENEW_WITHIN_MS_MAX:
        return Fault("renew_within", "A token is renewed within 1 to 30 seconds.")
    if not 0 <= wait_ms <= WAIT_MS_MAX:
        return Fault("wait", "One call waits for 0 to 30 seconds.")
    return None


def is_token_id(token_id: str) -> bool:
    """Tell whether a text may be the id of a token at all."""
    return TOKEN_ID.fullmatch(token_id) is not None


def find_fault_of_renewal(command: Renew, users: tuple[Process, ...]) -> Fault | None:
    """Return what is wrong with a renewal, after which a token has these users, or None."""
    if not 0 <= command.kept_bytes <= BYTES_MAX:
        return Fault("kept_bytes", "What is kept is 0 for all, or a number of bytes.")
    if command.idle_ms is not None and not 0 <= command.idle_ms <= IDLE_MS_MAX:
        return Fault("idle", "A token is idle for 0 seconds to a year.")
    if command.load_progress < 0:
        return Fault("load_progress", "The progress of a load grows from 0.")
    return find_fault_of_users(users)


def find_fault_of_users(users: tuple[Process, ...]) -> Fault | None:
    """Return what is wrong with the processes that use a token, or None."""
    if len(users) > USERS_MAX:
        return Fault("users", f"A token has at most {USERS_MAX} processes that use it.")
    return next((fault for user in users if (fault := _fault_of(user)) is not None), None)


def _fault_of_spans(request: TokenRequest) -> Fault | None:
    for field, span_ms in (("hold", request.hold_ms), ("give_up_after", request.give_up_ms)):
        if span_ms is not None and not 1 <= span_ms <= SPAN_MS_MAX:
            return Fault(field, f"The span {field} is more than nothing and at most a day.")
    return None


def _fault_of_workload(workload: Workload) -> Fault | None:
    names = (workload.model_digest, workload.engine, workload.precision, workload.bucket)
    if any(len(name) > NAME_CHARACTERS_MAX or not name.isprintable() for name in names):
        message = f"Each name of a workload has at most {NAME_CHARACTERS_MAX} printable signs."
        return Fault("workload", message)
    if not 0 <= workload.weights_bytes <= BYTES_MAX:
        return Fault("workload", "The weights of a model have from 0 bytes to a pebibyte.")
    return None


def _fault_of(process: Process) -> Fault | None:
    is_named = 0 < len(process.boot_id) <= NAME_CHARACTERS_MAX and process.boot_id.isprintable()
    if process.pid < 1 or process.start_ticks < 1 or not is_named:
        return Fault("process", "A process needs its pid, its start in ticks and its boot id.")
    return None


def _fault_of_names(request: TokenRequest) -> Fault | None:
    if not is_token_id(request.token_id):
        return Fault("token_id", "A token id is 8 to 64 characters of a-z, 0-9 and hyphen.")
    names = {"holder": request.holder, "purpose": request.purpose, "tenant": request.tenant}
    for field, name in names.items():
        if len(name) > NAME_CHARACTERS_MAX or not name.isprintable():
            return Fault(field, f"The {field} has at most {NAME_CHARACTERS_MAX} printable signs.")
        if not name and field != "tenant":
            return Fault(field, f"The {field} must not be empty.")
    return None


def _fault_of_sizes(request: TokenRequest) -> Fault | None:
    if request.guaranteed_bytes < 1:
        return Fault("guaranteed_bytes", "A token has at least 1 guaranteed byte.")
    if request.ceiling_bytes < request.guaranteed_bytes:
        return Fault("ceiling_bytes", "The ceiling is at least what is guaranteed.")
    if request.ceiling_bytes > BYTES_MAX:
        return Fault("ceiling_bytes", "The ceiling is beyond any device.")
    return None
