"""What a person asks a lease for."""

from dataclasses import dataclass

from brickwork_sdk.caller import Caller, WorkClass
from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.sizes import parse_size
from brickwork_sdk.spans import parse_span
from brickwork_sdk.vram import MemoryRequest


@dataclass(frozen=True)
class LeaseTerms:
    """How much memory, for how long, and on whose behalf.

    Attributes:
        size_bytes: how much is wanted.
        least_bytes: how much is of use still; less than the size where it can shrink.
        hold_seconds: how long it is meant to be kept.
        wait_seconds: how long to wait for it; None for as long as it takes.
        purpose: what it is for, as others read it.
        caller: class of the work, and tenant.
    """

    size_bytes: int
    least_bytes: int
    hold_seconds: float
    wait_seconds: float | None
    purpose: str
    caller: Caller

    @classmethod
    def read(
        cls,
        size: str,
        hold: str,
        *,
        least: str | None,
        wait: str | None,
        purpose: str,
        work_class: WorkClass,
        tenant: str,
    ) -> "LeaseTerms":
        """Read what a person wrote, such as `8GiB` and `60m`.

        Raises:
            InvalidInput: ARGUMENT_INVALID; the metadata names the field.
        """
        size_bytes, hold_seconds = parse_size(size), parse_span(hold)
        least_bytes = size_bytes if least is None else parse_size(least)
        wait_seconds = None if wait is None else parse_span(wait)
        _require(size_bytes > 0, "size", "A lease has at least one byte.")
        _require(
            0 < least_bytes <= size_bytes, "least", "The least is above 0, and at most the size."
        )
        _require(hold_seconds > 0, "hold", "A lease lasts longer than 0 s.")
        caller = Caller.from_metadata(Caller(work_class, tenant).to_metadata())
        return cls(size_bytes, least_bytes, hold_seconds, wait_seconds, purpose, caller)

    @property
    def is_shrinkable(self) -> bool:
        """Whether some of it can be given back while the rest is used."""
        return self.least_bytes < self.size_bytes

    def request(self) -> MemoryRequest:
        """Return what the broker is asked for.

        Within its time a lease is taken from nobody who works with it.
        """
        return MemoryRequest(
            purpose=self.purpose,
            guaranteed_bytes=self.least_bytes,
            ceiling_bytes=self.size_bytes,
            hold_seconds=self.hold_seconds,
            give_up_after_seconds=self.wait_seconds,
            is_shrinkable=self.is_shrinkable,
            is_revocable=True,
        )


def _require(holds: bool, field: str, sentence: str) -> None:
    if not holds:
        raise InvalidInput(Reason.ARGUMENT_INVALID, sentence, metadata={"field": field})
