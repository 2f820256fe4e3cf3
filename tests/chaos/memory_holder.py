"""Hold memory again and again: `python -m tests.chaos.memory_holder ADDRESS NAME SEED`.

Each line that it prints is what came of one token. On SIGUSR1 its event loop blocks for three
lifetimes of a token.
"""

import asyncio
import random
import signal
import sys
import time
import uuid
from unittest.mock import patch

from brickwork_sdk.caller import Caller, WorkClass
from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.vram import MemoryRequest, VramClient, client, renewal
from tools.soak.real_memory import hold

LIFETIME_SECONDS = 4.0
"""A second less than usual; a broker that was frozen may count two at once when it goes on."""
BLOCKED_SECONDS = 3 * LIFETIME_SECONDS
MIB = 1024**2
CLASSES = (WorkClass.INTERACTIVE, WorkClass.BATCH, WorkClass.NOTEBOOK)


async def main(address: str, name: str, seed: int) -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, time.sleep, BLOCKED_SECONDS)
    chance = random.Random(f"{seed} {name}")  # noqa: S311 - a round can be repeated
    vram = VramClient(address, name)
    while True:
        guaranteed_bytes = chance.randint(16, 40) * MIB
        request = MemoryRequest(
            f"round {uuid.uuid4().hex[:6]}",
            guaranteed_bytes,
            guaranteed_bytes + chance.choice((0, 16 * MIB)),
            is_shrinkable=True,
            is_revocable=chance.random() < 0.5,
        )
        caller = Caller(chance.choice(CLASSES))
        try:
            held = await hold(vram, request, caller, 0.0, chance.uniform(0.5, 3.0))
            said = held.fate
        except BrickworkError as error:
            said = error.reason.value
            await asyncio.sleep(0.2)
        sys.stdout.write(f"{said}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    with (
        patch.object(client, "RENEW_WITHIN_SECONDS", LIFETIME_SECONDS),
        patch.object(renewal, "RENEW_EVERY_SECONDS", LIFETIME_SECONDS / 3),
    ):
        asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
