"""The engine process: a model in a child that can be stopped at any time."""

from brickwork_sdk.engine.description import EngineDescription
from brickwork_sdk.engine.process import EngineProcess

__all__ = ["EngineDescription", "EngineProcess"]
