"""A whole brick in the test's own process: real wire, real slots, a broker that grants."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import grpc.aio

from brickwork_sdk.brick import RegisterServicer, assembled
from brickwork_sdk.caller import Caller
from brickwork_sdk.outside import OutsideModel
from brickwork_sdk.settings import BrickSettings
from brickwork_sdk.testing.broker import scripted_broker
from brickwork_sdk.testing.server import served


@asynccontextmanager
async def served_brick(
    package: str,
    settings_type: type[BrickSettings],
    register: RegisterServicer,
    folder: Path,
    *,
    engine: Literal["real", "scripted"] = "scripted",
    models_dir: Path = Path("models"),
    outside: OutsideModel | None = None,
) -> AsyncIterator[grpc.aio.Channel]:
    """Serve a brick while the context lasts and yield a channel to it.

    Args:
        package: import name of the brick.
        settings_type: its settings class.
        register: adds its servicer, as its `__main__` does.
        folder: where its object store may be made.
        engine: the scripted one, or the real one with the models of `models_dir`.
        models_dir: the model store; not looked at by scripted engines.
        outside: the model of an external server that it serves instead.
    """
    async with scripted_broker() as (_, broker_address):
        settings = settings_type(
            listen="",
            broker=broker_address,
            models_dir=models_dir,
            objects_dir=folder / "objects",
            engine=engine,
        )
        async with (
            assembled(package, settings, register, outside) as register_all,
            served(register_all, service=settings.service, caller=Caller()) as channel,
        ):
            yield channel
