"""The paths, names and addresses of the cluster of one checkout.

They differ between checkouts on the same machine: every name outside the checkout contains
a hash of its path, and free ports and a free pod network are chosen.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from local_cluster.errors import ClusterError
from local_cluster.programs import run

POD_NETWORKS = "10.240.0.0/13"
"""The pod network is a free /24 in this range, which is private and rarely used."""


@dataclass(frozen=True)
class Place:
    """The fixed paths and names of the cluster of one checkout."""

    checkout: Path

    @property
    def key(self) -> str:
        """Eight characters that identify this checkout."""
        return hashlib.sha256(str(self.checkout.resolve()).encode()).hexdigest()[:8]

    @property
    def folder(self) -> Path:
        """The folder for users: kubeconfig, volumes and logs."""
        return self.checkout / "build" / "local-cluster"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def volumes(self) -> Path:
        return self.folder / "volumes"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def sockets(self) -> Path:
        """Sockets and the run-time state of containerd.

        The path is short, because the path of a socket has at most 107 bytes.
        """
        return Path(f"/run/dubjob-{self.key}")

    @property
    def state(self) -> Path:
        """Containers, emptyDirs and etcd.

        They are outside the checkout, because they contain mounts and files of other users.
        """
        return Path(f"/var/lib/dubjob-{self.key}")

    @property
    def containerd_socket(self) -> Path:
        return self.sockets / "containerd.sock"

    @property
    def bridge(self) -> str:
        """Name of the bridge of the pod network; the kernel allows 15 characters."""
        return f"dj{self.key}"

    @property
    def control_group(self) -> str:
        """Name of the control group that contains all pods."""
        return f"dubjob-{self.key}"


@dataclass(frozen=True)
class Addresses:
    """The pod network and the ports. They are chosen once per cluster."""

    network: str
    gateway: str
    api_port: int
    kubelet_port: int

    @classmethod
    def of(cls, place: Place) -> Addresses:
        """Return the recorded addresses; choose and record them if there are none."""
        record = place.state / "addresses.json"
        if record.exists():
            return cls(**json.loads(record.read_text()))
        network = free_network()
        addresses = cls(
            network=str(network),
            gateway=str(network[1]),
            api_port=free_port(),
            kubelet_port=free_port(),
        )
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(asdict(addresses)))
        return addresses


def free_network() -> ipaddress.IPv4Network:
    """Return a /24 that does not overlap any route of this machine.

    Raises :class:`ClusterError` if there is none.
    """
    routes = json.loads(run("ip", "-json", "-4", "route", "show", "table", "all"))
    taken = [
        ipaddress.ip_network(route["dst"], strict=False)
        for route in routes
        if route.get("dst", "default") != "default"
    ]
    for candidate in ipaddress.IPv4Network(POD_NETWORKS).subnets(new_prefix=24):
        if not any(candidate.overlaps(other) for other in taken):
            return candidate
    raise ClusterError(f"No /24 in {POD_NETWORKS} is free: remove a route and try again.")


def free_port() -> int:
    """Return a free TCP port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cache() -> Path:
    """Return the cache folder, which all checkouts of this user share."""
    chosen = os.environ.get("DUBJOB_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "dubjob"
