"""The diarize brick's settings, all from the environment."""

from pathlib import Path
from typing import Literal

from pydantic_settings import SettingsConfigDict

from brickwork_sdk.settings import BrickSettings


class DiarizeSettings(BrickSettings):
    """What the diarize brick needs to know."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_DIARIZE_")

    default_model: str = "pyannote-ge2e"
    """Model of requests that name none."""
    precision: Literal["", "float32"] = ""
    """Number format that models compute in; the files hold float32 and nothing else."""
    state_dir: Path | None = None
    """Folder of voice prints and of their audit log, shared by replicas; absent keeps none."""
