"""The broker's client: asks for VRAM tokens and keeps them alive."""

from brickwork_sdk.vram.client import MemoryWait, VramClient
from brickwork_sdk.vram.request import MemoryRequest, Workload
from brickwork_sdk.vram.token import Demand, TokenUse, VramToken

__all__ = [
    "Demand",
    "MemoryRequest",
    "MemoryWait",
    "TokenUse",
    "VramClient",
    "VramToken",
    "Workload",
]
