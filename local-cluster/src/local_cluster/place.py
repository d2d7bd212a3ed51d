"""Where one checkout's cluster keeps what it has, and under which names.

Two checkouts on one machine differ in all of it: every name outside the checkout
holds a hash of its path, and ports and the pod network are chosen free.
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
"""The pod network is one free /24 of these: private, and rarely used elsewhere."""


@dataclass(frozen=True)
class Place:
    """The fixed places and names of one checkout's cluster."""

    checkout: Path

    @property
    def key(self) -> str:
        """Eight characters that tell this checkout from others."""
        return hashlib.sha256(str(self.checkout.resolve()).encode()).hexdigest()[:8]

    @property
    def folder(self) -> Path:
        """What a person looks for: the kubeconfig, the volumes, the logs."""
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
        """Sockets and containerd's run-time state: a short path, since a
        socket's path holds at most 107 bytes."""
        return Path(f"/run/dubjob-{self.key}")

    @property
    def state(self) -> Path:
        """Containers, emptyDirs and etcd: on disk, outside the checkout, since
        they hold mounts and files of other users."""
        return Path(f"/var/lib/dubjob-{self.key}")

    @property
    def containerd_socket(self) -> Path:
        return self.sockets / "containerd.sock"

    @property
    def bridge(self) -> str:
        """Name of the pod network's bridge; the kernel allows 15 characters."""
        return f"dj{self.key}"

    @property
    def control_group(self) -> str:
        """Name of the control group that holds every pod."""
        return f"dubjob-{self.key}"


@dataclass(frozen=True)
class Addresses:
    """The pod network and the ports: chosen once, kept until the cluster goes."""

    network: str
    gateway: str
    api_port: int
    kubelet_port: int

    @classmethod
    def of(cls, place: Place) -> Addresses:
        """The recorded addresses, chosen now where there are none."""
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
    """A /24 that no route of this machine overlaps.

    Raises :class:`ClusterError` where there is none.
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
    raise ClusterError(f"No /24 of {POD_NETWORKS} is free: remove a route and try again.")


def free_port() -> int:
    """A TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cache() -> Path:
    """What is costly to build, shared by all checkouts of this user."""
    chosen = os.environ.get("DUBJOB_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "dubjob"
