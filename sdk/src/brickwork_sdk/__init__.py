"""The floor that every Brickwork service stands on."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brickwork_sdk.leases.notebook import lease as lease


def __getattr__(name: str) -> Any:
    """Load `brickwork_sdk.lease` once somebody wants it: most processes never do."""
    if name == "lease":
        from brickwork_sdk.leases.notebook import lease

        return lease
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
