"""The asr brick's settings, all from the environment."""

from pydantic_settings import SettingsConfigDict

from brickwork_sdk.settings import BrickSettings


class AsrSettings(BrickSettings):
    """What the asr brick needs to know."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_ASR_")

    default_model: str = "whisper-base"
    """Model of requests that name none."""
