"""Settings of the broker."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from brickwork_sdk.settings import ServerSettings


class BrokerSettings(ServerSettings):
    """What the broker needs to know."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_BROKER_")

    state_dir: Path
    """Folder of the journal; it must outlive the broker."""
    device: str = Field(default="host", pattern=r"^(host|cuda:\d+)$")
    """Whose memory is lent: `host`, or `cuda:0` and so on for one GPU."""
    capacity_bytes: int | None = Field(default=None, ge=1)
    """How much is lent; by default half of the host's (or cgroup's) memory, or nine tenths of a
    GPU's, which leaves room for the driver."""
    queue_max: int = Field(default=256, ge=1, le=10_000)
    """How many requests may wait."""
