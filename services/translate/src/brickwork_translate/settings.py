"""The translate brick's settings, all from the environment."""

from typing import Literal

from pydantic_settings import SettingsConfigDict

from brickwork_sdk.settings import BrickSettings


class TranslateSettings(BrickSettings):
    """What the translate brick needs to know; the languages of a request choose its model."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_TRANSLATE_")

    device: Literal["cpu"] = "cpu"
    """Where models compute: its engine has no variant for GPUs."""
    precision: Literal[""] = ""
    """Number format that models compute in; it is fixed in their files."""
