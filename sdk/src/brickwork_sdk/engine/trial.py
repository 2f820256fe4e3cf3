"""An engine without a model, which only sees whether one could compute here.

It runs at the start of a brick whose device or precision was chosen, so that the operator is told
what is missing and not the first caller. What had to be opened for that ends with its process.
"""

from collections.abc import Mapping
from pathlib import Path

from brickwork_sdk.engine.description import EngineDescription
from brickwork_sdk.engine.engine_module import engine_module
from brickwork_sdk.engine.placement import Placement
from brickwork_sdk.engine.process import EngineProcess

TRIAL_SECONDS_MAX = 120.0
"""Opening the libraries of a GPU from a cold disk takes long; a hang must end all the same."""


class Trial:
    """Has nothing but its description."""

    def __init__(self, place: Placement) -> None:
        self._place = place

    def describe(self) -> EngineDescription:
        """Tell how a model would run."""
        return EngineDescription("trial", self._place.precision, self._place.device_name)

    def close(self) -> None:
        """Have nothing to let go."""


def load(model_dir: Path, options: Mapping[str, str]) -> Trial:
    """Call `check(options)` of the module that the option `engine` names."""
    return Trial(engine_module(options["engine"]).check(options))


async def try_engine(module: str, options: Mapping[str, str]) -> EngineDescription:
    """See in a process of its own whether an engine can compute as the options say.

    Raises:
        NotPossible: DEVICE_UNAVAILABLE, with what is missing.
        InvalidInput: SETTING_INVALID, the precision is not possible there.
    """
    process = await EngineProcess.spawn(__name__, Path(), {**options, "engine": module})
    try:
        return await process.loaded(TRIAL_SECONDS_MAX)
    finally:
        await process.stop()
