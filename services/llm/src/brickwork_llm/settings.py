"""Settings of the llm brick."""

from pydantic_settings import SettingsConfigDict

from brickwork_sdk.settings import BrickSettings


class LlmSettings(BrickSettings):
    """What the llm brick needs to know."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_LLM_")

    default_model: str = "smollm2-135m-instruct"
    """Model of requests that name none."""
