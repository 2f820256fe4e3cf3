"""The ocr brick's settings, all from the environment."""

from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from brickwork_sdk.settings import BrickSettings


class OcrSettings(BrickSettings):
    """What the ocr brick needs to know."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_OCR_")

    default_model: str = "pp-ocrv6-small"
    """Model of requests that name none."""
    recycle_after_calls: int = Field(default=1000, ge=0)
    """After so many calls a fresh engine takes the place of a model's; 0 never does that."""
    recycle_growth_bytes: int = Field(default=256 * 1024 * 1024, ge=0)
    """So much private memory more than after its first ten calls an engine may keep between calls
    before a fresh one takes its place; 0 does not look."""
    precision: Literal["", "float32"] = ""
    """Number format that models compute in; the files hold float32 and nothing else."""
