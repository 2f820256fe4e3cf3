"""The model of an external server, as a brick serves it."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

from brickwork_llm.server_place import ServerKind, ServerPlace
from brickwork_llm.settings import LlmSettings
from brickwork_sdk.errors import Busy, InvalidInput, Reason
from brickwork_sdk.models import Manifest, Model, ModelFile, ServedModel, load_catalogue
from brickwork_sdk.outside import OutsideModel

ENGINE = "brickwork_llm.server_engine"
FIND_SECONDS = 10.0
"""A server that does not list its models in this time will not load one either."""
CLIENT_BYTES = 128 * 1024 * 1024
_ABILITIES: Mapping[ServerKind, tuple[str, ...]] = {
    "ollama": ("write", "schema"),
    "vllm": ("write", "schema", "count"),
    "openai": ("write", "schema", "count"),
}
_NOT_IN_NAMES = re.compile(r"[^a-z0-9._-]+")


def outside_model(settings: LlmSettings) -> OutsideModel | None:
    """Return what the brick serves for an external server; None where none is named.

    Raises:
        InvalidInput: SETTING_INVALID, a setting is missing.
    """
    place = settings.server
    if place is None:
        return None
    if not place.model:
        raise _missing("SERVER_MODEL", "must name the model of the server")
    if place.kind == "vllm" and not settings.server_memory_bytes:
        # It takes a share of the device whatever the model's size, so nothing foretells it.
        raise _missing("SERVER_MEMORY_BYTES", "must say how much memory vLLM takes")
    memory_bytes = settings.server_memory_bytes
    if place.kind == "openai":
        # Whatever the server has, it keeps: the token is for the process that speaks to it.
        memory_bytes = CLIENT_BYTES
    name = _NOT_IN_NAMES.sub("-", place.model.lower()).strip("-._")[:64]
    served = ServedModel(
        name=name,
        engine=ENGINE,
        licence="the server's",
        origin=f"{place.kind} server",
        footprint_bytes=memory_bytes,
        abilities=_ABILITIES[place.kind],
    )
    embedders = [one.name for one in load_catalogue("brickwork_llm") if "embed" in one.abilities]
    beside = tuple(one for one in embedders if one != name)
    return OutsideModel(served, place.to_options(), lambda name: _find(name, place), beside)


def _find(name: str, place: ServerPlace) -> Model:
    """Ask the server what it has of its model; called on a thread.

    Raises:
        NotFound: MODEL_MISSING.
        BrickworkError: as `ServerHttp`.
    """
    weights = asyncio.run(_weights(place))
    manifest = Manifest(name=name, licence="", origin=f"{place.kind} server", files=(weights,))
    return Model(name, Path(), manifest.digest, manifest)


async def _weights(place: ServerPlace) -> ModelFile:
    # Here, so that a brick without a server loads no HTTP client.
    from brickwork_llm.llm_server import server_at

    server = server_at(place)
    try:
        async with asyncio.timeout(FIND_SECONDS):
            return await server.weights()
    except TimeoutError:
        raise Busy(
            Reason.SERVER_UNREACHABLE,
            f"The {place.kind} server did not list its models in {FIND_SECONDS:.0f} s.",
            metadata={"server": place.kind, "fault": "TimeoutError"},
            retry_after_seconds=FIND_SECONDS,
        ) from None
    finally:
        await server.close()


def _missing(name: str, fault: str) -> InvalidInput:
    setting = f"BRICKWORK_LLM_{name}"
    return InvalidInput(
        Reason.SETTING_INVALID, f"The setting {setting} {fault}.", metadata={"setting": setting}
    )
