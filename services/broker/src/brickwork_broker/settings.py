"""Settings of the broker, and of a probe that is a process of its own."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from brickwork_sdk.settings import ServerSettings

DEVICE = r"^(host|cuda:\d+)$"


class BrokerSettings(ServerSettings):
    """What the broker needs to know."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_BROKER_")

    state_dir: Path
    """Folder of the journal; it must outlive the broker."""
    device: str = Field(default="host", pattern=DEVICE)
    """Whose memory is lent: `host`, or `cuda:0` and so on for one GPU."""
    probe: str = ""
    """Address of the probe that sees the device and its processes; empty sees those of this
    machine. It says itself which device it sees."""
    capacity_bytes: int | None = Field(default=None, ge=1)
    """How much is lent; by default half of the host's (or cgroup's) memory, or nine tenths of a
    GPU's, which leaves room for the driver."""
    queue_max: int = Field(default=256, ge=1, le=10_000)
    """How many requests may wait."""
    admin_listen: str = ""
    """Where operators are served, apart from holders: whoever reaches this address may stop the
    lending and declare memory free; empty serves none."""


class ProbeSettings(ServerSettings):
    """What a probe of its own needs to know."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_PROBE_")

    device: str = Field(default="host", pattern=DEVICE)
    """Which memory is seen: `host`, or `cuda:0` and so on for one GPU."""
    drain_seconds: float = Field(default=0.0, ge=0, le=3600)
    """How long running calls may go on once the process is asked to stop; brokers come back."""
