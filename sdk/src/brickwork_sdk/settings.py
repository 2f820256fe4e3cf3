"""Settings from the environment: one frozen class per process, nothing else reads it."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from brickwork_sdk.errors import BrickworkError, InvalidInput, Reason
from brickwork_sdk.targets import split_addresses


def _callable(address: str) -> str:
    try:
        split_addresses(address)
    except BrickworkError as error:
        raise ValueError(error.message) from error
    return address


CalledAddress = Annotated[str, AfterValidator(_callable)]
"""Where a service is called; see `targets`."""

Precision = Literal[
    "", "int8", "int8_float32", "int8_float16", "int8_bfloat16", "float16", "bfloat16", "float32"
]


def _broker_beside_the_environment() -> str:
    return f"unix:{Path(sys.prefix).parent / '.brickwork/run/broker.sock'}"


class Settings(BaseSettings):
    """What every class of settings has in common.

    A subclass names its prefix, as in `SettingsConfigDict(env_prefix="BRICKWORK_ASR_")`;
    nested fields are joined by two underscores.
    """

    model_config = SettingsConfigDict(
        frozen=True, env_nested_delimiter="__", use_attribute_docstrings=True, extra="forbid"
    )

    @classmethod
    def load(cls) -> Self:
        """Read the settings of this process.

        Raises:
            InvalidInput: SETTING_INVALID, naming the variable that is unknown,
                missing or wrong.
        """
        prefix = str(cls.model_config["env_prefix"])
        known = _variables(prefix, cls)
        for name in sorted(os.environ):
            if name.upper().startswith(prefix) and name.upper() not in known:
                raise _invalid(name, "is not the name of a setting")
        try:
            return cls()
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            name = prefix + "__".join(str(part) for part in first["loc"]).upper()
            message = first["msg"].removeprefix("Value error, ").removesuffix(".")
            fault = "is missing" if first["type"] == "missing" else f"is wrong: {message}"
            raise _invalid(name, fault) from error

    @property
    def service(self) -> str:
        """The name of the process, such as `asr`, taken from the prefix."""
        prefix = str(self.model_config["env_prefix"])
        return prefix.removeprefix("BRICKWORK_").rstrip("_").lower()


class ServerSettings(Settings):
    """What every process that serves gRPC needs to know."""

    listen: str
    """Where to serve: `unix:/path` or `host:port`."""
    metrics_listen: str = ""
    """Where to serve Prometheus metrics, `host:port`; empty serves none."""
    otlp_endpoint: str = ""
    """Where to send traces, such as `http://host:4317`; empty sends none."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least severe line that is written to stderr."""
    drain_seconds: float = Field(default=10.0, ge=0, le=3600)
    """How long running calls may go on once the process is asked to stop."""


class BrickSettings(ServerSettings):
    """What every brick needs to know."""

    broker: str
    """Address of the broker that lends memory: `unix:/path` or `host:port`."""
    models_dir: Path
    """Folder of the model store."""
    objects_dir: Path
    """Folder of the object store; shared by all bricks of one machine."""
    default_model: str = ""
    """Model of requests that name none; empty where their content decides."""
    own_models: Path | None = None
    """File of the site's own models, written as a brick's `models.json`; absent means none."""
    engine: Literal["real", "scripted"] = "real"
    """Which engine answers: the model, or a deterministic stand-in for tests."""
    device: Literal["cpu", "cuda"] = "cpu"
    """Where models compute: `cpu`, or `cuda` for the first NVIDIA GPU; never one for the other."""
    precision: Precision = ""
    """Number format that models compute in; empty is the engine's choice for the device."""
    threads: int = Field(default=1, ge=1, le=256)
    """How many threads the model's library may use."""
    idle_unload_seconds: float = Field(default=600.0, ge=0)
    """After how long without a call a model is unloaded and its memory given back."""
    recycle_after_calls: int = Field(default=0, ge=0)
    """After so many calls a fresh engine takes the place of a model's; 0 never does that."""
    recycle_growth_bytes: int = Field(default=0, ge=0)
    """So much private memory more than after its first ten calls an engine may keep between calls
    before a fresh one takes its place; 0 does not look."""


class GpuSettings(Settings):
    """What a program that leases memory needs to know."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_GPU_")

    broker: CalledAddress = Field(default_factory=_broker_beside_the_environment)
    """Where the broker serves: `unix:/path` or `host:port`; that of `brickwork up` unless named."""


def _variables(prefix: str, fields_of: type[BaseModel]) -> set[str]:
    names = set()
    for field, about in fields_of.model_fields.items():
        name = prefix + field.upper()
        names.add(name)
        nested: Any = about.annotation
        if isinstance(nested, type) and issubclass(nested, BaseModel):
            names |= _variables(name + "__", nested)
    return names


def _invalid(name: str, fault: str) -> InvalidInput:
    return InvalidInput(
        Reason.SETTING_INVALID, f"The setting {name} {fault}.", metadata={"setting": name}
    )
