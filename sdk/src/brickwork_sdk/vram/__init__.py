"""The broker's client: asks for VRAM tokens and keeps them alive."""

from brickwork_sdk.vram.client import MemoryWait, VramClient
from brickwork_sdk.vram.token import VramToken

__all__ = ["MemoryWait", "VramClient", "VramToken"]
