"""The asr brick's settings, all from the environment."""

from typing import Literal

from pydantic_settings import SettingsConfigDict

from brickwork_sdk.settings import BrickSettings


class AsrSettings(BrickSettings):
    """What the asr brick needs to know."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_ASR_")

    default_model: str = "whisper-base"
    """Model of requests that name none."""
    precision: Literal["", "int8", "int8_float32", "int8_float16", "float16", "float32"] = ""
    """Number format that models compute in; empty is int8, and float16 on a GPU. What the encoder
    makes passes through numpy, which has no bfloat16."""
