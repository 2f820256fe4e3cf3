"""The module of an engine, or in one sentence what it lacks."""

import importlib
from types import ModuleType

from brickwork_sdk.errors import NotPossible, Reason


def engine_module(name: str) -> ModuleType:
    """Import an engine; a brick may know some whose libraries are not installed everywhere.

    Raises:
        NotPossible: MODEL_CANNOT, with the library that is missing.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or name
        raise NotPossible(
            Reason.MODEL_CANNOT,
            f"{name} needs {missing}, which is not installed here.",
            metadata={"missing": missing},
        ) from error
