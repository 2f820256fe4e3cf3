"""Know a process of another pid namespace, such as a container's, by the id that the host gave it.

A brick in a container of its own counts its processes from 1, and so does the next brick. The
kernel tells every process's ids in all namespaces that see it, to whoever sees the host's.
"""

from pathlib import Path

from brickwork_broker.core.request import Process
from brickwork_broker.node.probe import PROC, HostProbe

KNOWN_MAX = 1_000
"""How many processes are remembered; one that is forgotten is looked for again."""


class PidNamespaces:
    """Finds the processes of other pid namespaces, and remembers those that it found.

    Attributes:
        own: inode of the namespace that the broker itself counts in.

    Args:
        host: tells which of them are gone.
        proc: where procfs is mounted.
    """

    def __init__(self, host: HostProbe, proc: Path = PROC) -> None:
        self._host = host
        self._proc = proc
        self._known: dict[tuple[Process, int], Process] = {}
        self.own = (proc / "self/ns/pid").stat().st_ino

    def find(self, named: Process, namespace: int) -> Process | None:
        """Return a process as the broker sees it, or None if it cannot.

        One that was found before and has ended since is returned as it was found: its end is for
        the probe to tell.

        Args:
            named: as it is seen in its own namespace.
            namespace: inode of that; 0 is that of the broker.
        """
        own = self.recall(named, namespace)
        if own is not None:
            return own
        known = self._known.get((named, namespace))
        if known is not None and not self._host.is_gone(known):
            return known
        found = self._search(named, namespace)
        if found is None:
            return known
        self._known[named, namespace] = found
        if len(self._known) > KNOWN_MAX:
            del self._known[next(iter(self._known))]
        return found

    def is_gone(self, process: Process) -> bool:
        """Tell whether a process has ended, which is one file of procfs to read."""
        return self._host.is_gone(process)

    def recall(self, named: Process, namespace: int) -> Process | None:
        """Return a process of the broker's own namespace: there it has the name that it says."""
        return named if namespace in (0, self.own) else None

    def _search(self, named: Process, namespace: int) -> Process | None:
        for folder in self._proc.iterdir():
            if folder.name.isdigit() and self._is_meant(folder, named.pid, namespace):
                found = Process(named.boot_id, int(folder.name), named.start_ticks)
                # Its start and its boot are compared here: another one may have its pid by now.
                if not self._host.is_gone(found):
                    return found
        return None

    def _is_meant(self, folder: Path, pid: int, namespace: int) -> bool:
        """Tell whether a process has this pid in the innermost namespace that counts it.

        Source: proc(5), /proc/pid/status, NSpid, the innermost id last; namespaces(7), two
        namespaces are one if their inodes are.
        """
        try:
            lines = (folder / "status").read_text().splitlines()
            ids = next((line.split() for line in lines if line.startswith("NSpid:")), [""])
            return ids[-1] == str(pid) and (folder / "ns/pid").stat().st_ino == namespace
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return False  # It has just ended, or runs under another user: we do not know it.
