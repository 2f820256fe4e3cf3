"""How many processes of a service a mesh runs, as people write it."""

import re
from collections.abc import Mapping

from brickwork_sdk.errors import InvalidInput, Reason

REPLICAS_MAX = 16
_PART = re.compile(r"(?P<service>[a-z-]+)=(?P<count>[0-9]{1,2})")


def parse_scale(text: str, services: tuple[str, ...]) -> dict[str, int]:
    """Return how many of each service are wanted from a text such as `asr=2,worker-batch=3`.

    Args:
        text: what is wanted; empty wants nothing in particular.
        services: those that may have several processes.

    Raises:
        InvalidInput: ARGUMENT_INVALID.
    """
    scale: dict[str, int] = {}
    for part in text.split(",") if text else ():
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise _invalid(part, f"A scale is written like asr=2, and not {part!r}.")
        service, count = match["service"], int(match["count"])
        if service not in services:
            known = ", ".join(services)
            raise _invalid(part, f"{service} cannot have replicas; these can: {known}.")
        if service in scale:
            raise _invalid(part, f"{service} is scaled twice.")
        if not 1 <= count <= REPLICAS_MAX:
            raise _invalid(part, f"A service has 1 to {REPLICAS_MAX} replicas, and not {count}.")
        scale[service] = count
    return scale


def replica_names(service: str, scale: Mapping[str, int]) -> list[str]:
    """Return the names of a service's processes; a lone one has that of its service."""
    count = scale.get(service, 1)
    return [f"{service}-{number}" for number in range(1, count + 1)] if count > 1 else [service]


def _invalid(part: str, fault: str) -> InvalidInput:
    return InvalidInput(Reason.ARGUMENT_INVALID, fault, metadata={"scale": part})
