"""A model that an external server keeps and computes, so that no file of it lies in our store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from brickwork_sdk.models import Model, ServedModel


@dataclass(frozen=True)
class OutsideModel:
    """What a brick serves in place of its catalogue, where a server was named in its settings.

    Attributes:
        entry: how it is called here, the engine that represents the server, and the memory that it
            takes there.
        options: what that engine is told besides what every engine is.
        find: returns the model by its name, as `ModelStore.get` does; it may ask the server.
        beside: names of the catalogue's models that are served all the same, because the server
            does not stand in for them.
    """

    entry: ServedModel
    options: Mapping[str, str]
    find: Callable[[str], Model]
    beside: tuple[str, ...] = ()
