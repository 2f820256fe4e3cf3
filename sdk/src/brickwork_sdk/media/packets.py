"""Decoding packets, of which some may be damaged."""

from collections.abc import Iterable, Iterator
from typing import Any

import av
from av.packet import Packet

from brickwork_sdk.media.container import unreadable


def decoded(packets: Iterable["Packet[Any]"]) -> Iterator[Any]:
    """Decode one packet after the other, into frames of the kind of their stream.

    Of many packets a damaged one is left out: those around it are worth having.

    Raises:
        MEDIA_UNREADABLE: there were damaged ones, and none that was not.
    """
    whole = failed = 0
    for packet in packets:
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            failed += 1
            continue
        for frame in frames:
            whole += 1
            yield frame
    if failed and not whole:
        raise unreadable()
