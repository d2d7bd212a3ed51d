"""The parent control group of every pod of this cluster.

With a shared one, the kubelets of two clusters would clean up each other's pods.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
CPUSET_FILES = ("cpuset.cpus", "cpuset.mems")


def is_unified() -> bool:
    """Whether this machine uses cgroup v2."""
    return (ROOT / "cgroup.controllers").exists()


def controllers() -> set[str]:
    """Return the controllers that this machine has."""
    if is_unified():
        return set((ROOT / "cgroup.controllers").read_text().split())
    return {name for entry in ROOT.iterdir() if entry.is_dir() for name in entry.name.split(",")}


def create(name: str) -> None:
    """Create the group `name` in every hierarchy."""
    for hierarchy in _hierarchies():
        group = hierarchy / name
        group.mkdir(exist_ok=True)
        if is_unified():
            enabled = "+cpu +memory +pids +cpuset"
            for folder in (hierarchy, group):
                (folder / "cgroup.subtree_control").write_text(enabled)
        elif (group / "cpuset.cpus").exists():
            # A new cgroup v1 cpuset is empty and accepts no process.
            for file in CPUSET_FILES:
                (group / file).write_text((hierarchy / file).read_text())


def remove(name: str) -> None:
    """Kill the processes in the group `name`, and remove the group."""
    deadline = time.monotonic() + 10
    while _kill_processes(name) and time.monotonic() < deadline:
        time.sleep(0.1)
    for hierarchy in _hierarchies():
        group = hierarchy / name
        if group.exists():
            folders = [group, *(path for path in group.rglob("*") if path.is_dir())]
            for folder in sorted(folders, key=lambda path: len(path.parts), reverse=True):
                with contextlib.suppress(OSError):
                    folder.rmdir()


def _kill_processes(name: str) -> bool:
    """Send SIGKILL to all processes of the group; return whether there were any."""
    any_left = False
    for hierarchy in _hierarchies():
        for file in (hierarchy / name).rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                for pid in file.read_text().split():
                    any_left = True
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)
    return any_left


def _hierarchies() -> list[Path]:
    if is_unified():
        return [ROOT]
    return sorted(
        entry
        for entry in ROOT.iterdir()
        if entry.is_dir() and not entry.is_symlink() and (entry / "cgroup.procs").exists()
    )
