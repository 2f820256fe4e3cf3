"""The look at an unknown file, in a child process with limits.

A decoder that crashes, loops or grows on hostile content takes only the child
with it. The child is this package run as a program.
"""

import asyncio
import json
import math
import sys
from pathlib import Path
from typing import Any, Literal

from brickwork_sdk.errors import EngineFailed, InvalidInput, Reason, error_of
from brickwork_sdk.media.info import MediaInfo

_UNREADABLE = {
    "recording": Reason.MEDIA_UNREADABLE,
    "picture": Reason.IMAGE_UNREADABLE,
    "document": Reason.DOCUMENT_UNREADABLE,
}

LOOKS_MAX = 4
"""How many such children whoever takes files from outside should run at a time."""


async def checked_probe(path: Path, timeout_seconds: float = 30.0) -> MediaInfo:
    """Probe a file in a child process that may take so long and no longer.

    Raises:
        MEDIA_*: as `probe`; MEDIA_UNREADABLE also when the child crashed or was not
            done in time, MEDIA_TOO_LARGE also when it took more than 2 GiB.
    """
    return MediaInfo(**await _looked_at("recording", path, timeout_seconds))


async def checked_image(path: Path, timeout_seconds: float = 30.0) -> None:
    """Read a picture in a child process, to know that it can be read.

    Raises:
        MEDIA_*, IMAGE_UNREADABLE: as `read_image`; IMAGE_UNREADABLE also when the child
            crashed or was not done in time, MEDIA_TOO_LARGE also when it took over 2 GiB.
    """
    await _looked_at("picture", path, timeout_seconds)


async def checked_document(
    path: Path, module: str, *words: str, timeout_seconds: float = 30.0
) -> dict[str, Any]:
    """Let the module of a brick look at a document in a child process.

    Args:
        path: the document.
        module: its `look(path, *words)` gives a dataclass of what JSON can hold.
        words: what to look for.
        timeout_seconds: for all of it.

    Returns:
        The fields of the dataclass.

    Raises:
        BrickworkError: what `look` raised; DOCUMENT_UNREADABLE also when the child crashed
            or was not done in time, MEDIA_TOO_LARGE also when it took over 2 GiB.
    """
    return await _looked_at("document", path, timeout_seconds, module, *words)


async def _looked_at(
    kind: Literal["recording", "picture", "document"],
    path: Path,
    timeout_seconds: float,
    *words: str,
) -> dict[str, Any]:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "brickwork_sdk.media",
        kind,
        str(path),
        str(math.ceil(timeout_seconds)),
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env={"OPENBLAS_NUM_THREADS": "1"},  # Nothing of ours: no name, no secret.
    )
    try:
        async with asyncio.timeout(timeout_seconds):
            output, _ = await child.communicate()
            status = await child.wait()
    except TimeoutError:
        raise InvalidInput(
            _UNREADABLE[kind],
            f"The {kind} could not be examined within {timeout_seconds:g} seconds.",
        ) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if status < 0:
        raise InvalidInput(
            _UNREADABLE[kind], f"The {kind} cannot be decoded: the decoder failed on it."
        )
    if status > 0:
        # Not a crash of native code but an error of ours; its traceback is in our own log.
        raise EngineFailed(Reason.UNEXPECTED, f"The {kind} could not be examined.")
    answer: dict[str, Any] = json.loads(output)
    if "reason" in answer:
        raise error_of(
            answer["code"],
            Reason(answer["reason"]),
            answer["message"],
            metadata=answer["metadata"],
        )
    return answer
