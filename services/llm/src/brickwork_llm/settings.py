"""Settings of the llm brick."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints
from pydantic_settings import SettingsConfigDict

from brickwork_llm.server_place import ServerKind, ServerPlace
from brickwork_sdk.settings import BrickSettings

HttpAddress = Annotated[str, StringConstraints(pattern=r"^(https?://[^/\s@]+)?/?$")]
"""`http://host:port`, without path and without password; or nothing."""


class LlmSettings(BrickSettings):
    """What the llm brick needs to know."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_LLM_")

    default_model: str = "smollm2-135m-instruct"
    """Model of requests that name none; those for vectors take the first that makes them."""
    server_address: HttpAddress = ""
    """An LLM server that computes instead, such as `http://127.0.0.1:11434`; empty is none."""
    server_kind: ServerKind = "ollama"
    """Whose protocol the server speaks: `ollama`, `vllm`, or `openai` for any other that has chat
    completions and keeps its memory for itself."""
    server_model: str = Field(default="", max_length=256)
    """Name of the model in the server, the only one that the brick serves then."""
    server_memory_bytes: int = Field(default=0, ge=0)
    """Memory that the server needs for the model; 0 asks for what the broker has learned of it, at
    first from the size of its weights; `vllm` needs it."""
    server_api_key: SecretStr = SecretStr("")
    """Bearer token that the server asks for; empty sends none."""
    server_cgroup: Path | None = None
    """Folder of the control group of the server, where its processes cannot be found by the socket
    that listens on its address: another user's, or those of a container."""
    server_sleep_level: Literal[1, 2] = 1
    """How deep vLLM sleeps: 1 keeps the weights in the machine's memory, 2 drops them."""

    @property
    def server(self) -> ServerPlace | None:
        """The external server; None where the brick computes itself."""
        if not self.server_address:
            return None
        return ServerPlace(
            kind=self.server_kind,
            address=self.server_address,
            model=self.server_model,
            api_key=self.server_api_key.get_secret_value(),
            cgroup=self.server_cgroup,
            sleep_level=self.server_sleep_level,
        )
