"""The gateway's settings, shared by its HTTP process and its workers."""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from brickwork_sdk.addresses import split_host_and_port
from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.settings import CalledAddress, Settings


class GatewaySettings(Settings):
    """What the gateway needs to know."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_GATEWAY_")

    trusts_its_network: bool = False
    """Listen beyond loopback too. There are no accounts: whoever reaches the address may read, make
    and cancel every job. For a container whose port is published on its host's loopback alone."""
    listen: str = "127.0.0.1:8600"
    """Where to serve HTTP, `host:port`; loopback only, unless the gateway trusts its network."""
    state_dir: Path
    """Folder of the ledger; shared by the gateway and its workers."""
    objects_dir: Path
    """Folder of the object store; shared with the bricks."""
    valkey: str
    """Where Valkey serves: `unix:///path` or `redis://host:port/0`."""
    asr: CalledAddress
    """Where the asr brick is called: `unix:/path` or `host:port`, or a list of replicas."""
    diarize: CalledAddress
    """Where the diarize brick is called: `unix:/path` or `host:port`, or a list of replicas."""
    ocr: CalledAddress
    """Where the ocr brick is called: `unix:/path` or `host:port`, or a list of replicas."""
    translate: CalledAddress
    """Where the translate brick is called: `unix:/path` or `host:port`, or a list of replicas."""
    llm: CalledAddress
    """Where the llm brick is called: `unix:/path` or `host:port`, or a list of replicas."""
    broker: CalledAddress | Literal[""] = ""
    """Where the broker serves: `unix:/path` or `host:port`; empty tells nobody of memory."""
    upload_bytes_max: int = Field(default=16 * 1024**3, ge=1)
    """Largest recording that is taken."""
    worker_threads: int = Field(default=8, ge=1, le=256)
    """Stages that one worker runs side by side; most of them only wait for a brick."""
    worker_listen: str = ""
    """Where a worker answers health checks (`grpc.health.v1`): `unix:/path` or `host:port`; empty
    answers nobody."""
    metrics_listen: str = ""
    """Where this process serves Prometheus metrics, `host:port`; empty serves none."""
    otlp_endpoint: str = ""
    """Where to send traces, such as `http://host:4317`; empty sends none."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least severe line that is written to stderr."""

    @property
    def bricks(self) -> Mapping[str, str]:
        """Address of each brick by its name."""
        return {
            "asr": self.asr,
            "diarize": self.diarize,
            "ocr": self.ocr,
            "translate": self.translate,
            "llm": self.llm,
        }

    @field_validator("listen")
    @classmethod
    def _require_loopback(cls, value: str, info: ValidationInfo) -> str:
        try:
            host, _ = split_host_and_port(value)
        except BrickworkError as error:
            raise ValueError(error.message) from error
        is_trusting = info.data.get("trusts_its_network", False)
        if host != "localhost" and not _is_loopback(host) and not is_trusting:
            raise ValueError("the gateway listens on loopback only: it has no accounts yet")
        return value


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
