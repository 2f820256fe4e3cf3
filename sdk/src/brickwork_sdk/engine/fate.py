"""Why an engine process is gone, and what its callers are told."""

from enum import Enum, auto

from brickwork_sdk.errors import BrickworkError, Busy, EngineFailed, Reason

_NEXT = "a fresh one serves the next call."


class Fate(Enum):
    """What ended a process; what came first counts."""

    DIED = auto()
    LOST = auto()
    """It gave no sign of life, and was killed."""
    OVER_BUDGET = auto()
    """It needed more memory than it was granted."""
    REVOKED = auto()
    """Its memory was asked back."""
    STOPPED = auto()

    @property
    def error(self) -> BrickworkError:
        """What the calls raise that were under way, or come too late."""
        match self:
            case Fate.STOPPED:
                return Busy(
                    Reason.ENGINE_STOPPED,
                    "The engine process was stopped.",
                    retry_after_seconds=1.0,
                )
            case Fate.REVOKED:
                return Busy(
                    Reason.VRAM_REVOKED,
                    "The memory was needed by more urgent work; the call can be repeated.",
                    retry_after_seconds=1.0,
                )
            case Fate.OVER_BUDGET:
                # Our fault and not the caller's, who can neither wait for room nor ask for less.
                return EngineFailed(
                    Reason.ENGINE_OVER_BUDGET,
                    f"The engine needed more memory than it was granted; {_NEXT}",
                )
        what = "gave no sign of life and was killed" if self is Fate.LOST else "died"
        return EngineFailed(Reason.ENGINE_CRASHED, f"The engine process {what}; {_NEXT}")
