"""What the routes work with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from brickwork_gateway.ledger.port import Ledger
from brickwork_gateway.uploads import Uploads
from brickwork_sdk.objects import ObjectStore


@dataclass(frozen=True)
class Door:
    """The parts behind the addresses, put together by whoever starts the process.

    Attributes:
        bricks: address of each brick by its name.
        is_transport_reachable: whether the task transport answers now.
        broker: where the broker serves; empty where nobody said so.
    """

    ledger: Ledger
    objects: ObjectStore
    bricks: Mapping[str, str]
    uploads: Uploads
    is_transport_reachable: Callable[[], bool]
    broker: str = ""


def _door(request: Request) -> Door:
    return cast(Door, request.app.state.door)


TheDoor = Annotated[Door, Depends(_door)]
