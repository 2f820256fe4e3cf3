"""Export the signed head of the audit log: soon after the start, and once a day."""

import asyncio
import logging
from pathlib import Path

from brickwork_sdk.audit.head import export_head
from brickwork_sdk.errors import BrickworkError

DAY_SECONDS = 24 * 60 * 60.0
FIRST_SECONDS = 60.0
"""The first one waits until everybody has started: the library that signs is slow to load."""

_log = logging.getLogger(__name__)


async def export_daily(folder: Path, first_seconds: float = FIRST_SECONDS) -> None:
    """Export heads until cancelled; one that cannot be is missing, and tried again in a day."""
    await asyncio.sleep(first_seconds)
    while True:
        try:
            await asyncio.to_thread(export_head, folder)
        except OSError as error:
            _log.error("audit_head_not_exported", extra={"error": error.strerror})
        except BrickworkError as error:
            _log.error("audit_head_not_exported", extra={"error": error.message})
        await asyncio.sleep(DAY_SECONDS)
