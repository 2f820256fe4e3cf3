"""What every brick's `__main__` does: slots for its models, services on its address."""

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import grpc.aio

from brickwork.control.v1 import control_pb2, control_pb2_grpc
from brickwork.objects.v1 import objects_pb2_grpc
from brickwork_sdk import objects_service
from brickwork_sdk.control import ControlServicer
from brickwork_sdk.cuda import unavailable
from brickwork_sdk.engine.trial import try_engine
from brickwork_sdk.engine.wear import Recycling
from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.limits import COMMON_LIMITS
from brickwork_sdk.models import (
    CatalogueEntry,
    Manifest,
    Model,
    ModelFile,
    ModelStore,
    ServedModel,
)
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.outside import OutsideModel
from brickwork_sdk.own_models import catalogue_of
from brickwork_sdk.server import Register, serve
from brickwork_sdk.settings import BrickSettings
from brickwork_sdk.slot import ModelSlot
from brickwork_sdk.slots import Slots
from brickwork_sdk.telemetry.metrics import MODEL_GAUGES
from brickwork_sdk.telemetry.sample import offer
from brickwork_sdk.vram import VramClient

CONTROL = control_pb2.DESCRIPTOR.services_by_name["ControlService"].full_name

SCRIPTED_BYTES = 64 * 1024 * 1024
"""What an engine without a model may use; it was seen to take 32 MiB, that of ocr 55."""

RegisterServicer = Callable[[grpc.aio.Server, Slots, ObjectStore], None]
_Settings = TypeVar("_Settings", bound=BrickSettings)


def _none_outside(settings: BrickSettings) -> OutsideModel | None:
    """Serve the catalogue, whatever the settings say."""
    return None


def run_brick(
    package: str,
    load_settings: Callable[[], _Settings],
    service_name: str,
    register: RegisterServicer,
    outside_model: Callable[[_Settings], OutsideModel | None] = _none_outside,
    *,
    further_services: Sequence[str] = (),
) -> int:
    """Serve a brick until it is asked to stop; return its exit status.

    Args:
        package: import name of the brick, which brings `models.json`, `limits` and
            `scripted_engine`.
        load_settings: reads its settings.
        service_name: full name of its service on the wire.
        register: adds its servicer to the server.
        outside_model: tells which model of an external server it serves instead of its own.
        further_services: full names of its other services, where it has several.
    """
    try:
        settings = load_settings()
        outside = outside_model(settings) if settings.engine == "real" else None
        service_names = (service_name, *further_services)
        asyncio.run(_serve(package, settings, service_names, register, outside))
    except BrickworkError as error:
        # One line for the operator; the log has no reader yet when settings are wrong.
        sys.stderr.write(f"{error.message} [{error.reason.value}]\n")
        return 1
    return 0


async def _serve(
    package: str,
    settings: BrickSettings,
    service_names: Sequence[str],
    register: RegisterServicer,
    outside: OutsideModel | None,
) -> None:
    await _try_engines(_entries(package, settings, outside), settings)

    def register_measured(server: grpc.aio.Server, slots: Slots, objects: ObjectStore) -> None:
        offer(MODEL_GAUGES, slots.measure)
        register(server, slots, objects)

    async with assembled(package, settings, register_measured, outside) as register_all:
        every_name = (*service_names, CONTROL, objects_service.SERVICE_NAME)
        await serve(every_name, register_all, settings)


@asynccontextmanager
async def assembled(
    package: str,
    settings: BrickSettings,
    register: RegisterServicer,
    outside: OutsideModel | None = None,
) -> AsyncIterator[Register]:
    """Make slots for every model and yield what adds all services of a brick to a server."""
    vram = VramClient(settings.broker, settings.service)
    idle_unload_seconds, by_name = settings.idle_unload_seconds, dict[str, ModelSlot]()
    default_model, find_model = settings.default_model, _finder(settings)
    recycling = Recycling(settings.recycle_after_calls, settings.recycle_growth_bytes)
    if outside is not None:
        default_model = outside.entry.name
        by_name[default_model] = ModelSlot(
            outside.entry, outside.find, vram, outside.options, idle_unload_seconds
        )
    for entry in _entries(package, settings, outside):
        options = {**_options(settings), **_elasticity(entry), **_own_device(entry)}
        options["languages"] = ",".join(entry.languages)
        by_name[entry.name] = ModelSlot(
            entry, find_model, vram, options, idle_unload_seconds, recycling
        )
    slots = Slots(by_name, default_model)
    objects = ObjectStore(settings.objects_dir)

    def register_all(server: grpc.aio.Server) -> None:
        register(server, slots, objects)
        limits = (*import_module(f"{package}.limits").LIMITS, *COMMON_LIMITS)
        dist = package.replace("_", "-")
        control = ControlServicer(settings.service, version(dist), slots, limits)
        control_pb2_grpc.add_ControlServiceServicer_to_server(control, server)
        objects_pb2_grpc.add_ObjectsServiceServicer_to_server(
            objects_service.ObjectsServicer(objects), server
        )

    try:
        yield register_all
    finally:
        await slots.close()
        await vram.close()


def _options(settings: BrickSettings) -> dict[str, str]:
    """Return what every engine of the brick is told."""
    return {
        "threads": str(settings.threads),
        "device": settings.device,
        "precision": settings.precision,
    }


def _elasticity(entry: ServedModel) -> dict[str, str]:
    """Return what the engine of an elastic model is told of what it can make use of."""
    if entry.ceiling_bytes is None:
        return {}
    return {
        "footprint_bytes": str(entry.footprint_bytes),
        "ceiling_bytes": str(entry.ceiling_bytes),
    }


def _own_device(entry: ServedModel) -> dict[str, str]:
    """Return what the engine of a model is told that does not follow its brick."""
    return {} if entry.device is None else {"device": entry.device, "precision": ""}


async def _try_engines(entries: Sequence[CatalogueEntry], settings: BrickSettings) -> None:
    """See that the engines can compute as the settings say, unless those are the defaults."""
    if settings.engine == "real" and (settings.device != "cpu" or settings.precision):
        for module in sorted({entry.engine for entry in entries if entry.device is None}):
            await try_engine(module, _options(settings))


def _entries(
    package: str, settings: BrickSettings, outside: OutsideModel | None
) -> list[CatalogueEntry]:
    """Return what the brick serves of its catalogue."""
    entries = [
        entry
        for entry in catalogue_of(package, settings.own_models)
        if outside is None or entry.name in outside.beside
    ]
    if settings.engine == "scripted":
        return [_scripted(package, entry) for entry in entries]
    if settings.device == "cpu":
        return entries
    if entries and all(entry.device == "cpu" for entry in entries):
        raise unavailable("engine", f"No model of {settings.service} has an engine for a GPU.")
    return [_on_gpu(entry) if entry.device is None else entry for entry in entries]


def _scripted(package: str, entry: CatalogueEntry) -> CatalogueEntry:
    """Return an entry that needs little, and is elastic where the real one is."""
    scripted = {
        "engine": f"{package}.scripted_engine",
        "footprint_bytes": SCRIPTED_BYTES,
        "ceiling_bytes": entry.ceiling_bytes and 2 * SCRIPTED_BYTES,
    }
    return entry.model_copy(update=scripted)


def _on_gpu(entry: CatalogueEntry) -> CatalogueEntry:
    if entry.gpu_footprint_bytes is None:
        raise unavailable("engine", f"The model {entry.name} has no engine that uses a GPU.")
    # What more memory of a GPU would bring has not been measured.
    on_gpu = {"footprint_bytes": entry.gpu_footprint_bytes, "ceiling_bytes": None}
    return entry.model_copy(update=on_gpu)


def _finder(settings: BrickSettings) -> Callable[[str], Model]:
    """Return what finds a model: the store, or for scripted engines a model without files."""
    if settings.engine == "real":
        return ModelStore(settings.models_dir).get
    return _scripted_model


def _scripted_model(name: str) -> Model:
    sha256 = hashlib.sha256(f"scripted {name}".encode()).hexdigest()
    script = ModelFile(path="script", sha256=sha256, size_bytes=0)
    manifest = Manifest(name=name, licence="none", origin="scripted", files=(script,))
    return Model(name, Path("."), manifest.digest, manifest)
