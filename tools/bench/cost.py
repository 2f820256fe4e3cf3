"""What a tree of processes has cost so far, in CPU-seconds."""

from collections.abc import Mapping

import psutil

from brickwork_cli.mesh_state import MeshState


def own_seconds(process: psutil.Process) -> float:
    """Return user and system time of a process, and of its children that ended."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def tree_seconds(pid: int) -> float:
    """Return the CPU-seconds of a process and of all that it started, ended ones included."""
    root = psutil.Process(pid)
    return own_seconds(root) + sum(map(own_seconds, root.children(recursive=True)))


def mesh_seconds(state: MeshState) -> dict[str, float]:
    """Return the CPU-seconds of each part of a mesh, engine processes apart from their bricks.

    All of them together are the whole tree, the supervisor included.
    """
    seconds = {"supervisor": own_seconds(psutil.Process(state.supervisor.pid))}
    for part in state.processes:
        process = psutil.Process(part.pid)
        seconds[part.name] = own_seconds(process)
        children = process.children(recursive=True)
        if children:
            seconds[f"{part.name} engine"] = sum(map(own_seconds, children))
    return seconds


def between(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Return what was spent from one look to the next."""
    return {name: value - before.get(name, 0.0) for name, value in after.items()}


def told(seconds: Mapping[str, float]) -> str:
    """Name the parts that cost anything, the dearest first."""
    ordered = sorted(seconds.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {value:.1f}" for name, value in ordered if value >= 0.05)
