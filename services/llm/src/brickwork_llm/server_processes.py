"""Finds the processes of an external server, so that their death and their memory count.

Source: proc(5), /proc/net/tcp (state 0A listens; addresses are words in the byte order of the
machine), /proc/[pid]/fd (`socket:[inode]`), /proc/[pid]/stat (field 4 is the parent).
"""

import os
import socket
import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from brickwork_llm.server_place import ServerPlace
from brickwork_sdk.errors import NotPossible, Reason
from brickwork_sdk.processes import ProcessIdentity, identify

_LISTENS = "0A"
_FORWARDERS = {"docker-proxy", "rootlessport"}
"""They listen for a server in a container, and hold none of its memory."""


@dataclass(frozen=True)
class ServerProcesses:
    """The processes of one server at one moment.

    Attributes:
        roots: those that were started by somebody else; they serve HTTP.
        descendants: those that these started, such as the runner that holds a model.
    """

    roots: tuple[ProcessIdentity, ...] = ()
    descendants: tuple[ProcessIdentity, ...] = ()


def find_server(place: ServerPlace, before: Sequence[ProcessIdentity] = ()) -> ServerProcesses:
    """Find the processes of a server on this machine.

    Args:
        place: where it is.
        before: the roots that were found before; while they live, nobody else is looked for at the
            socket, which means looking at every descriptor of every process.

    Raises:
        NotPossible: SERVER_PROCESSES_UNSEEN, nobody whom this process may look at listens there.
    """
    if place.cgroup is not None:
        pids = _members(place.cgroup)
    elif before and all(identify(root.pid) == root for root in before):
        pids = [root.pid for root in before]
    else:
        pids = _listeners(place.address)
    children, known = _children(), set(pids)
    family, found = set[int](), list(pids)
    while found:
        pid = found.pop()
        if pid not in family:
            family.add(pid)
            found += children[pid]
    parents = {child: pid for pid, own in children.items() for child in own}
    roots = {pid for pid in known if parents.get(pid) not in family}
    if not roots:
        raise unseen(place, "no process of it can be seen from here")
    return ServerProcesses(_identified(roots), _identified(family - roots))


def unseen(place: ServerPlace, fault: str) -> NotPossible:
    """Return the error for a server whose memory nobody could account for."""
    return NotPossible(
        Reason.SERVER_PROCESSES_UNSEEN,
        f"The memory of the {place.kind} server cannot be accounted for: {fault}. "
        "BRICKWORK_LLM_SERVER_CGROUP names its control group.",
        metadata={"server": place.kind, "fault": fault},
    )


def _identified(pids: set[int]) -> tuple[ProcessIdentity, ...]:
    found = (identify(pid) for pid in sorted(pids))
    return tuple(one for one in found if one is not None)


def _members(cgroup: Path) -> list[int]:
    """Return the processes of a control group and of those inside it; 0 is one not seen here."""
    pids = []
    for path in cgroup.rglob("cgroup.procs"):
        try:
            pids += [int(line) for line in path.read_text().split()]
        except FileNotFoundError:
            continue  # the group ended meanwhile
    return [pid for pid in pids if pid]


def _listeners(address: str) -> list[int]:
    """Return the processes that listen on an address of this machine."""
    parts = urlsplit(address)
    assert parts.hostname is not None, "the settings let through an address without a host"
    port = parts.port or (443 if parts.scheme == "https" else 80)
    wanted = {found[4][0] for found in socket.getaddrinfo(parts.hostname, port)}
    inodes = {
        f"socket:[{inode}]"
        for host, inode in _listening(port)
        if host in wanted or ip_address(host).is_unspecified
    }
    return [pid for pid in _pids() if inodes & _sockets(pid) and _name(pid) not in _FORWARDERS]


def _listening(port: int) -> Iterator[tuple[str, str]]:
    """Yield host and inode of every socket that listens on a port."""
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        path = Path("/proc/net") / table
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            fields = line.split()
            host, _, at = fields[1].partition(":")
            if fields[3] == _LISTENS and int(at, 16) == port:
                words = [int(host[index : index + 8], 16) for index in range(0, len(host), 8)]
                packed = struct.pack(f"={len(words)}I", *words)
                yield socket.inet_ntop(family, packed), fields[9]


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _sockets(pid: int) -> set[str]:
    """Return what the descriptors of a process lead to; nothing of one that is not ours to see."""
    found = set[str]()
    with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with suppress(FileNotFoundError):  # closed meanwhile
                found.add(os.readlink(f"/proc/{pid}/fd/{name}"))
    return found


def _children() -> defaultdict[int, list[int]]:
    children = defaultdict[int, list[int]](list)
    for pid in _pids():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        children[int(stat.rpartition(")")[2].split()[1])].append(pid)
    return children


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
