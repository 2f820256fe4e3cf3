"""Learn how much memory a workload takes, from those that ran before.

A run is the life of one token, from the first look at its processes until its bytes are free. What
it took is the most that its processes had of their own while the model was loaded, and while it
worked. A run that never came to work counts only where it took more than was expected.

This is knowledge and not truth: losing it costs room, never a promise.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from brickwork_broker.core.envelope import HEADROOM, Envelope
from brickwork_broker.core.request import Process, Workload
from brickwork_broker.core.sight import Sight

MIB = 1024 * 1024
KNOWN_MAX = 1_000
"""Of how many workloads anything is remembered."""
RUNS_KEPT = 32

WEIGHTS_FACTOR = 2
OVERHEAD_BYTES = 512 * MIB
"""What is expected before the first run: so many times the weights, and the rest of an engine."""


@dataclass(frozen=True, slots=True)
class Key:
    """Name what needs equal memory; the size of the weights follows from the model."""

    model_digest: str
    engine: str
    precision: str
    bucket: str
    device: str


@dataclass(frozen=True, slots=True)
class Run:
    """Hold what was expected of one run and what it took.

    Attributes:
        estimate_bytes: what would have been granted to a request that asked for the learned size.
        taken_bytes: the most that it really took.
        is_first: nothing was known but the size of the weights.
    """

    estimate_bytes: int
    taken_bytes: int
    is_first: bool


@dataclass(frozen=True, slots=True)
class Footprint:
    """Hold what is known of one workload.

    Attributes:
        key: which.
        load: the most while its model is being loaded.
        resident: what it holds once that is over.
        work: the most in a whole life.
        runs: the latest, oldest first.
    """

    key: Key
    load: Envelope
    resident: Envelope
    work: Envelope
    runs: tuple[Run, ...] = ()


@dataclass(slots=True)
class _Life:
    """Hold what was seen of one token so far."""

    key: Key
    estimate_bytes: int
    is_first: bool
    load_bytes: int = 0
    resident_bytes: int | None = None
    work_bytes: int = 0


@dataclass(slots=True)
class Footprints:
    """Learn from what is seen of tokens.

    Attributes:
        device: whose memory is lent.
        known: what was learned, the least lately used first.
    """

    device: str
    known: dict[Key, Footprint] = field(default_factory=dict)
    _lives: dict[str, _Life] = field(default_factory=dict)

    def needed_bytes(self, workload: Workload) -> int:
        """Return how much a workload will take at the most, as far as one can tell."""
        key = self._key(workload)
        footprint = self.known.get(key)
        if footprint is None:
            needed_bytes = float(WEIGHTS_FACTOR * workload.weights_bytes + OVERHEAD_BYTES)
        else:
            needed_bytes = max(footprint.load.needed_bytes, footprint.work.needed_bytes)
        # What goes on at this moment counts at once.
        living = [life.work_bytes for life in self._lives.values() if life.key == key]
        needed_bytes = max(needed_bytes, max(living, default=0) * (1 + HEADROOM))
        return -(-int(needed_bytes) // MIB) * MIB

    def observe(
        self,
        token_id: str,
        workload: Workload,
        users: Iterable[Process],
        is_loading: bool,
        sight: Sight,
    ) -> None:
        """Take in what was seen of the processes of a living token."""
        read = [user for user in users if user in sight.peaks]
        if not workload.model_digest or not read:
            return
        life = self._lives.get(token_id)
        if life is None:
            key = self._key(workload)
            life = _Life(key, self.needed_bytes(workload), key not in self.known)
            self._lives[token_id] = life
        life.work_bytes = max(life.work_bytes, sum(sight.peaks[user] for user in read))
        if is_loading:
            life.load_bytes = life.work_bytes
        elif life.resident_bytes is None:
            life.resident_bytes = sum(sight.readings.get(user, 0) for user in read)

    def ended(self, token_id: str) -> Run | None:
        """Learn from a life that is over; return it if it counts as a run."""
        life = self._lives.pop(token_id, None)
        if life is None:
            return None
        if life.resident_bytes is None and life.work_bytes <= life.estimate_bytes:
            return None
        run = Run(life.estimate_bytes, life.work_bytes, life.is_first)
        before = self.known.pop(life.key, None)
        self.known[life.key] = _after(before, life, run)
        if len(self.known) > KNOWN_MAX:
            del self.known[next(iter(self.known))]
        return run

    def _key(self, workload: Workload) -> Key:
        return Key(
            model_digest=workload.model_digest,
            engine=workload.engine,
            precision=workload.precision,
            bucket=workload.bucket,
            device=self.device,
        )


def _after(before: Footprint | None, life: _Life, run: Run) -> Footprint:
    resident_bytes = life.work_bytes if life.resident_bytes is None else life.resident_bytes
    if before is None:
        return Footprint(
            key=life.key,
            load=Envelope.of(life.load_bytes),
            resident=Envelope.of(resident_bytes),
            work=Envelope.of(life.work_bytes),
            runs=(run,),
        )
    return Footprint(
        key=life.key,
        load=before.load.after(life.load_bytes),
        resident=before.resident.after(resident_bytes),
        work=before.work.after(life.work_bytes),
        runs=(*before.runs, run)[-RUNS_KEPT:],
    )
