"""Check whether this machine can run the cluster."""

from __future__ import annotations

import os
import platform
import shutil
import sys

from local_cluster import control_groups, network
from local_cluster.errors import ClusterError
from local_cluster.node import CNI_PLUGINS

ALTERNATIVE = "or use your own cluster with `make deploy`."
PROGRAMS = ("containerd", "runc", "ip", "iptables", "openssl", "mount", "umount")
CONTROLLERS = {"cpu", "memory", "pids"}


def check() -> None:
    """Raise :class:`ClusterError` with the first requirement that is not met."""
    if sys.platform != "linux":
        raise ClusterError(
            f"The local cluster requires Linux; this is {sys.platform}: use a Linux machine, "
            + ALTERNATIVE
        )
    if platform.machine() != "x86_64":
        raise ClusterError(
            f"The local cluster requires x86_64; this is {platform.machine()}: use such a machine, "
            + ALTERNATIVE
        )
    if os.geteuid() != 0:
        raise ClusterError(
            "The local cluster requires root to create control groups, mounts and a bridge: "
            f"run it as root, {ALTERNATIVE}"
        )
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if not (CNI_PLUGINS / "bridge").exists():
        missing.append("containernetworking-plugins")
    if missing:
        raise ClusterError(
            f"Not installed: {', '.join(missing)}: run `make bootstrap`, {ALTERNATIVE}"
        )
    absent = CONTROLLERS - control_groups.controllers()
    if absent:
        raise ClusterError(
            f"The kernel does not have the cgroup controllers {', '.join(sorted(absent))}: use a "
            f"machine that has them, {ALTERNATIVE}"
        )
    network.check()
