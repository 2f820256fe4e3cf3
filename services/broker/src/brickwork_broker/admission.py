"""Turn down requests that make no sense, each with one sentence."""

import re

from brickwork_broker.messages import Process, TokenRequest

TOKEN_ID = re.compile(r"[a-z0-9-]{8,64}")
NAME_CHARACTERS_MAX = 128
RENEW_WITHIN_MS_MIN = 1_000
RENEW_WITHIN_MS_MAX = 30_000
WAIT_MS_MAX = 30_000
USERS_MAX = 16
BYTES_MAX = 1 << 50
"""A pebibyte: beyond any device, so beyond it a number is a mistake."""


def why_invalid(request: TokenRequest, wait_ms: int) -> str | None:
    """Return what is wrong with a request, or None."""
    for wrong in (_wrong_names(request), _wrong_sizes(request), wrong_process(request.process)):
        if wrong is not None:
            return wrong
    if not RENEW_WITHIN_MS_MIN <= request.renew_within_ms <= RENEW_WITHIN_MS_MAX:
        return "renew_within must be 1 to 30 seconds"
    if not 0 <= wait_ms <= WAIT_MS_MAX:
        return "wait must be 0 to 30 seconds"
    return None


def wrong_process(process: Process) -> str | None:
    """Return what is wrong with the name of a process, or None."""
    if process.pid < 1 or process.start_ticks < 1 or not process.boot_id:
        return "a process needs its pid, its start time in ticks and its boot id"
    return None


def wrong_users(users: tuple[Process, ...]) -> str | None:
    """Return what is wrong with the processes that use a token, or None."""
    if len(users) > USERS_MAX:
        return f"a token has at most {USERS_MAX} processes that use it"
    return next((wrong for user in users if (wrong := wrong_process(user)) is not None), None)


def _wrong_names(request: TokenRequest) -> str | None:
    if not TOKEN_ID.fullmatch(request.token_id):
        return "token_id must be 8 to 64 characters of a-z, 0-9 and hyphen"
    for name, value in (("holder", request.holder), ("purpose", request.purpose)):
        if not value:
            return f"{name} must not be empty"
    for name, value in (
        ("holder", request.holder),
        ("purpose", request.purpose),
        ("tenant", request.tenant),
    ):
        if len(value) > NAME_CHARACTERS_MAX or not value.isprintable():
            return f"{name} must be at most {NAME_CHARACTERS_MAX} printable characters"
    return None


def _wrong_sizes(request: TokenRequest) -> str | None:
    if request.guaranteed_bytes < 1:
        return "guaranteed_bytes must be at least 1"
    if request.ceiling_bytes < request.guaranteed_bytes:
        return "ceiling_bytes must be at least guaranteed_bytes"
    if request.ceiling_bytes > BYTES_MAX:
        return "ceiling_bytes is beyond any device"
    return None
