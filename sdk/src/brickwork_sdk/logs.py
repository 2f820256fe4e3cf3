"""Logs as JSON lines on stderr: one line per event, sizes but never content."""

import json
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from brickwork_sdk.errors import BrickworkError

_STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime"}
log = logging.getLogger(__name__)


class JsonFormatter(logging.Formatter):
    """Renders a record with the fields that were given as `extra`."""

    def __init__(self, service: str, trace_id: Callable[[], str | None]) -> None:
        super().__init__()
        self._service = service
        self._trace_id = trace_id

    def format(self, record: logging.LogRecord) -> str:
        """Return one line of JSON."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "event": record.getMessage(),
            "trace_id": self._trace_id(),
            **{key: value for key, value in vars(record).items() if key not in _STANDARD},
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["traceback"] = "".join(_places(record.exc_info[1]))
        return json.dumps({k: v for k, v in line.items() if v is not None}, default=str)


def write_logs(service: str, level: str, trace_id: Callable[[], str | None] = lambda: None) -> None:
    """Send every record of this process to stderr, from `level` on.

    Warnings of libraries and errors that nobody caught come as lines of JSON, too.

    Args:
        service: the name of this process.
        level: the least severe that is written.
        trace_id: tells the trace that a record belongs to.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service, trace_id))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(True)
    sys.excepthook = _note_uncaught
    threading.excepthook = lambda raised: _note_uncaught(raised.exc_type, raised.exc_value, None)


def _note_uncaught(
    kind: type[BaseException], error: BaseException | None, _: TracebackType | None
) -> Any:
    log.critical("uncaught", exc_info=error, extra={"error": kind.__name__})


def _places(error: BaseException) -> Iterator[str]:
    """Say of an error and of those before it only types and places.

    The text of a foreign exception may quote content, as in `KeyError: 'a spoken word'`.
    """
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _places(before)
    yield from traceback.format_tb(error.__traceback__)
    reason = f" [{error.reason}]" if isinstance(error, BrickworkError) else ""
    yield f"{type(error).__name__}{reason}\n"
