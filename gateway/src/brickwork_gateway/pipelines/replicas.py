"""Which replica of a brick gets a stage: the one that has the least to do.

A stage is one call that may last for hours. Taking turns, as channels do, would put two of them on
one replica while another idles.
"""

import asyncio
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import grpc

from brickwork.control.v1 import control_pb2, control_pb2_grpc
from brickwork_sdk.addresses import split_host_and_port
from brickwork_sdk.caller import Caller
from brickwork_sdk.channels import open_channel
from brickwork_sdk.targets import split_addresses

_ASK_SECONDS = 1.0
"""A replica that does not say how it is by then gets no stage while another does."""
_BEING_LOADED = (control_pb2.SLOT_STATE_WAITING, control_pb2.SLOT_STATE_LOADING)


class Replicas:
    """Chooses among the replicas of each brick, for all stages of one worker.

    Args:
        addresses: where each brick is called, by its name.
    """

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._addresses = addresses
        self._ours = Counter[str]()

    @asynccontextmanager
    async def chosen(self, brick: str) -> AsyncIterator[str]:
        """Yield the address of the replica to call; it counts as busier meanwhile.

        When none says how it is, the address of all is yielded, for one may be back by then.
        """
        address = self._addresses[brick]
        replicas = await _replicas_at(address)
        if len(replicas) > 1:
            address = await self._least_busy(replicas) or address
        self._ours[address] += 1
        try:
            yield address
        finally:
            self._ours[address] -= 1

    async def _least_busy(self, replicas: list[str]) -> str | None:
        """Return the replica with the fewest calls, of equals one that has a model loaded."""
        burdens = await asyncio.gather(*(_burden(replica) for replica in replicas))
        pairs = zip(replicas, burdens, strict=True)
        told = {replica: burden for replica, burden in pairs if burden is not None}

        def rank(replica: str) -> tuple[int, bool]:
            call_count, is_cold = told[replica]
            # Our latest calls may be on their way there still.
            return max(call_count, self._ours[replica]), is_cold

        # Shuffled, so that workers that see the same do not all choose the same.
        return min(random.sample(list(told), len(told)), key=rank, default=None)


async def _replicas_at(address: str) -> list[str]:
    """Return the addresses of a list, or those that a name has now."""
    replicas = split_addresses(address)
    if len(replicas) > 1 or address.startswith("unix:"):
        return replicas
    host, port = split_host_and_port(address)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return [address]  # Whoever calls it will say that it cannot be reached.
    hosts = dict.fromkeys(str(name[0]) for *_, name in found)
    return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host in hosts]


async def _burden(replica: str) -> tuple[int, bool] | None:
    """Ask how many calls a replica has and whether it lacks a model; None without an answer."""
    async with open_channel(replica, Caller()) as channel:
        try:
            about = await control_pb2_grpc.ControlServiceStub(channel).DescribeBrick(
                control_pb2.DescribeBrickRequest(), timeout=_ASK_SECONDS
            )
        except grpc.RpcError:
            return None
    # Who waits for a model is counted once, because the first that waits has it loaded for all.
    call_count = sum(one.user_count + (one.state in _BEING_LOADED) for one in about.models)
    is_cold = all(one.state != control_pb2.SLOT_STATE_READY for one in about.models)
    return call_count, is_cold
