"""Keep what was learned of footprints in a file, and let the ledger's tokens teach it."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from brickwork_broker.core.commands import Command
from brickwork_broker.core.events import Event, Released
from brickwork_broker.core.footprints import Footprint, Footprints
from brickwork_broker.core.request import Workload
from brickwork_broker.core.sight import Sight
from brickwork_broker.core.token import Grant
from brickwork_broker.metrics import FOOTPRINT_RATIO

_FILE = TypeAdapter(tuple[Footprint, ...])
_log = logging.getLogger(__name__)


class Learner:
    """Learn footprints across restarts.

    Args:
        path: the file of what was learned. One that cannot be read is begun anew: this is
            knowledge, and tokens are lent without it.
        device: whose memory is lent.
    """

    def __init__(self, path: Path, device: str) -> None:
        self._path = path
        self._saved = _read(path)
        self._footprints = Footprints(device, {one.key: one for one in self._saved})

    def needed_bytes(self, workload: Workload) -> int:
        """Return how much a workload will take at the most, as far as one can tell."""
        return self._footprints.needed_bytes(workload)

    def look(self, grants: Iterable[Grant], sight: Sight) -> None:
        """Take in what was seen of the processes of living tokens."""
        for grant in grants:
            if grant.is_alive:
                request = grant.request
                self._footprints.observe(
                    request.token_id, request.workload, grant.users, grant.is_loading, sight
                )

    def note(self, command: Command, events: Iterable[Event], now_ms: int) -> None:
        """Learn from tokens whose bytes are free."""
        for event in events:
            if isinstance(event, Released):
                run = self._footprints.ended(event.token_id)
                if run is not None:
                    basis = "weights" if run.is_first else "runs"
                    ratio = run.estimate_bytes / max(1, run.taken_bytes)
                    FOOTPRINT_RATIO.labels(basis).observe(ratio)

    def save(self) -> None:
        """Write what was learned since the last time, if anything; on any thread.

        A disk that takes nothing costs nothing but what was learned since.
        """
        known = tuple(self._footprints.known.values())
        if known == self._saved:
            return
        fresh = self._path.with_suffix(".new")
        try:
            with fresh.open("wb") as file:
                file.write(_FILE.dump_json(known))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            _log.warning("footprints_not_saved", extra={"error": str(error.strerror)})
        else:
            self._saved = known


def _read(path: Path) -> tuple[Footprint, ...]:
    try:
        return _FILE.validate_json(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError) as error:
        # What it holds is no secret, but a damaged file may hold anything: only its kind is told.
        _log.warning("footprints_lost", extra={"error": type(error).__name__})
        return ()
