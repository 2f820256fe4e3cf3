"""Processes of others that use the memory of a token: those of a server that a brick represents."""

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace

from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.processes import ProcessIdentity
from brickwork_sdk.vram import VramClient, VramToken

log = logging.getLogger(__name__)

READING_SECONDS = 0.6
"""The broker's probe looks twice a second."""
REST_SECONDS_MAX = 10.0
"""So long the readings have to come to rest once the server says that it gave back."""
REST_MARGIN = 1.05
"""A reading moves by a little, and one above what is kept would keep all of it charged."""


async def name_users(
    vram: VramClient, token: VramToken, users: Collection[ProcessIdentity]
) -> None:
    """Name those that use the memory now; a broker that does not hear it does so in a renewal."""
    try:
        await vram.attach(token, *users)
    except BrickworkError as error:
        log.warning("users_not_heard_of", extra={"reason": error.reason.value})


async def tell_rest(vram: VramClient, token: VramToken) -> None:
    """Say what processes that live on keep: what they are seen to use once that has come to rest.

    Their death will not free the token, so without this word all of it would stay charged.
    """
    with suppress(TimeoutError, BrickworkError):
        async with asyncio.timeout(REST_SECONDS_MAX):
            measured_bytes, before_bytes = None, None
            while measured_bytes is None or measured_bytes != before_bytes:
                await asyncio.sleep(READING_SECONDS)
                await vram.attach(token)
                before_bytes, measured_bytes = measured_bytes, token.measured_bytes
            kept_bytes = min(int(measured_bytes * REST_MARGIN) + 1, token.granted_bytes)
            token.use = replace(token.use, kept_bytes=kept_bytes)
            await vram.attach(token)
