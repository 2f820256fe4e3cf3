"""Where a service is called: at one address, or at those of all its replicas.

    unix:/run/asr.sock                         one process of this machine
    unix:/run/asr-1.sock,unix:/run/asr-2.sock  several
    asr:7001                                   a name: every address that DNS has for it
    10.0.0.7:7001,10.0.0.8:7001                a list of IP addresses

A list names no hosts, because gRPC resolves one name at a time: replicas that have names share one.
"""

import os
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path

from brickwork_sdk.addresses import SOCKET_PATH_BYTES_MAX, invalid_address, split_host_and_port


def split_addresses(address: str) -> list[str]:
    """Return the addresses of an address list, each of them checked.

    Raises:
        InvalidInput: ADDRESS_INVALID.
    """
    parts = address.split(",")
    kinds = [_kind_of(part, len(parts) > 1) for part in parts]
    if any(first != second for first, second in pairwise(kinds)):
        raise invalid_address(address, "mixes sockets, IPv4 and IPv6: a list has one kind")
    if len(set(parts)) < len(parts):
        raise invalid_address(address, "names one replica twice")
    return parts


def target_of(address: str) -> str:
    """Return what gRPC calls for an address or a list of them.

    Raises:
        InvalidInput: ADDRESS_INVALID.
    """
    parts = split_addresses(address)
    kind = _kind_of(parts[0], len(parts) > 1)
    return f"{kind}:" + ",".join(part.removeprefix("unix:") for part in parts)


def _kind_of(address: str, is_listed: bool) -> str:
    """Return the scheme under which gRPC takes an address."""
    if address.startswith("unix:"):
        path = Path(address.removeprefix("unix:"))
        if not path.is_absolute():
            raise invalid_address(address, "is not an absolute path")
        if len(os.fsencode(path)) > SOCKET_PATH_BYTES_MAX:
            raise invalid_address(address, f"is longer than {SOCKET_PATH_BYTES_MAX} bytes")
        return "unix"
    host, _ = split_host_and_port(address)
    try:
        return f"ipv{ip_address(host).version}"
    except ValueError:
        if is_listed:
            raise invalid_address(
                address, "is a name: a list has sockets or IP addresses, a name stands alone"
            ) from None
        return "dns"
