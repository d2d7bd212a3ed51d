"""Can this machine run the cluster? If not, one sentence says what is missing."""

from __future__ import annotations

import os
import platform
import shutil
import sys

from local_cluster import control_groups, network
from local_cluster.errors import ClusterError
from local_cluster.node import CNI_PLUGINS

OTHERWISE = "or use your own cluster with `make deploy`."
PROGRAMS = ("containerd", "runc", "ip", "iptables", "openssl", "mount", "umount")
CONTROLLERS = {"cpu", "memory", "pids"}


def check() -> None:
    """Raise :class:`ClusterError` with the first thing that is missing."""
    if sys.platform != "linux":
        raise ClusterError(
            f"The local cluster needs Linux, this is {sys.platform}: use a Linux machine, "
            + OTHERWISE
        )
    if platform.machine() != "x86_64":
        raise ClusterError(
            f"The local cluster's ready-built tools are for x86_64, this is "
            f"{platform.machine()}: use such a machine, {OTHERWISE}"
        )
    if os.geteuid() != 0:
        raise ClusterError(
            "The local cluster needs root, since it makes control groups, mounts and a network "
            f"bridge: run it as root, {OTHERWISE}"
        )
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if not (CNI_PLUGINS / "bridge").exists():
        missing.append("containernetworking-plugins")
    if missing:
        raise ClusterError(
            f"Not installed: {', '.join(missing)}; run `make bootstrap`, {OTHERWISE}"
        )
    lacking = CONTROLLERS - control_groups.controllers()
    if lacking:
        raise ClusterError(
            f"The kernel's control groups lack {', '.join(sorted(lacking))}: use a machine that "
            f"has them, {OTHERWISE}"
        )
    network.check()
