"""The ocr brick's settings, all from the environment."""

from typing import Literal

from pydantic_settings import SettingsConfigDict

from brickwork_sdk.settings import BrickSettings


class OcrSettings(BrickSettings):
    """What the ocr brick needs to know."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_OCR_")

    default_model: str = "pp-ocrv6-small"
    """Model of requests that name none."""
    precision: Literal["", "float32"] = ""
    """Number format that models compute in; the files hold float32 and nothing else."""
