"""A name server of the test's own, on loopback."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

_HEADER = struct.Struct("!HHHHHH")
_ANSWER_WITHOUT_FAULT = 0x8180
_NAME_OF_QUESTION = b"\xc0\x0c"
_TYPE_A, _CLASS_INTERNET, _SECONDS_TO_LIVE = 1, 1, 0


class NameServer(asyncio.DatagramProtocol):
    """Answers every question for an IPv4 address with `hosts`, and others with nothing.

    Source: RFC 1035, section 4.1 (messages), 4.1.4 (the pointer to the name in the question).
    """

    def __init__(self, hosts: Sequence[str]) -> None:
        self.hosts = hosts
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        """Keep what answers are sent through."""
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """Answer one question."""
        assert self._transport is not None
        identifier, end = data[:2], data.index(b"\0", _HEADER.size) + 5
        question = data[_HEADER.size : end]
        is_asked = int.from_bytes(question[-4:-2]) == _TYPE_A
        hosts = self.hosts if is_asked else ()
        header = _HEADER.pack(
            int.from_bytes(identifier), _ANSWER_WITHOUT_FAULT, 1, len(hosts), 0, 0
        )
        answers = (
            _NAME_OF_QUESTION
            + struct.pack("!HHIH", _TYPE_A, _CLASS_INTERNET, _SECONDS_TO_LIVE, 4)
            + socket.inet_aton(host)
            for host in hosts
        )
        self._transport.sendto(header + question + b"".join(answers), address)


@asynccontextmanager
async def name_server(hosts: Sequence[str]) -> AsyncIterator[tuple[NameServer, int]]:
    """Serve names while the context lasts; yield the server and its UDP port."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: NameServer(hosts), local_addr=("127.0.0.1", 0)
    )
    try:
        yield server, int(transport.get_extra_info("sockname")[1])
    finally:
        transport.close()
