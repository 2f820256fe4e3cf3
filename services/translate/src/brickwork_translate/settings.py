"""The translate brick's settings, all from the environment."""

from typing import Literal

from pydantic_settings import SettingsConfigDict

from brickwork_sdk.settings import BrickSettings, Precision


class TranslateSettings(BrickSettings):
    """What the translate brick needs to know; the languages of a request choose its model."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_TRANSLATE_")

    device: Literal["cpu", "cuda"] = "cpu"
    """Where the site's own models compute: `cpu`, or `cuda` for the first NVIDIA GPU. Those that
    the brick brings stay on the processor, for their engines know no GPU."""
    precision: Precision = ""
    """Number format that the site's own models compute in; empty is int8, and float16 on a GPU."""
