"""Settings of the llm brick."""

from pydantic_settings import SettingsConfigDict

from brickwork_sdk.settings import BrickSettings


class LlmSettings(BrickSettings):
    """What the llm brick needs to know."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_LLM_")
