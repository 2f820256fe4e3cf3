"""The handle's settings, all from the environment."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from brickwork_sdk.settings import Settings


class CliSettings(Settings):
    """Where the mesh of this machine lives and how it is run."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_CLI_")

    home: Path = Field(default_factory=lambda: Path(sys.prefix).parent / ".brickwork")
    """Folder of models, objects, jobs and logs; beside the environment unless named."""
    models_dir: Path | None = None
    """Folder of the model store; inside the home unless named."""
    port: int = Field(default=8600, ge=1, le=65535)
    """TCP port of the gateway on the loopback address."""
    engine: Literal["real", "scripted"] = "real"
    """Which engines the bricks run: the models, or deterministic stand-ins for tests."""
    device: Literal["cpu", "cuda"] = "cpu"
    """Where models compute: `cpu`, or `cuda` for the first NVIDIA GPU; its memory is lent then."""
    capacity: str = ""
    """Memory that the broker may lend, such as 8GiB; empty is half of what the machine has, or nine
    tenths of what the GPU has."""
    scale: str = ""
    """Services that have several processes, such as `asr=2,worker-batch=3`."""

    metrics_port: int = Field(default=0, ge=0, le=65000)
    """First of the loopback ports where the processes serve Prometheus metrics, one after the
    other; 0 serves none."""
    otlp_endpoint: str = ""
    """Where all processes send traces, such as `http://127.0.0.1:4317`; empty sends none."""

    @property
    def models(self) -> Path:
        """Where the models are."""
        return self.models_dir or self.home / "models"


def inherited(added: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with settings for a child added to it.

    What is not planned here, such as BRICKWORK_ASR_THREADS, operators set where they start it.
    """
    return {**os.environ, **added}
