"""The translate brick's settings, all from the environment."""

from pydantic_settings import SettingsConfigDict

from brickwork_sdk.settings import BrickSettings


class TranslateSettings(BrickSettings):
    """What the translate brick needs to know; the languages of a request choose its model."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_TRANSLATE_")
