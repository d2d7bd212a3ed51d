"""The node: containerd and the kubelet, without a Docker engine, on cgroup v1 or v2."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local_cluster import control_groups, image_archive
from local_cluster.control_plane import ControlPlane
from local_cluster.errors import ClusterError
from local_cluster.place import Addresses, Place
from local_cluster.processes import Background
from local_cluster.programs import attempt, run

NODE = "dubjob-node"
PAUSE_IMAGE = "localhost/pause:1"
CNI_PLUGINS = Path("/usr/lib/cni")
"""Folder of the package containernetworking-plugins on Debian and Ubuntu."""
GPU = "nvidia.com/gpu"
READY_SECONDS = 90.0


@dataclass(frozen=True)
class Node:
    """The only node of a cluster."""

    place: Place
    addresses: Addresses
    control_plane: ControlPlane

    @property
    def processes(self) -> Background:
        return Background(self.place.state / "processes", self.place.logs)

    def start(self) -> None:
        """Start both, and wait until the node is ready and advertises its GPU."""
        control_groups.create(self.place.control_group)
        self._start_containerd()
        self._load_pause()
        self._start_kubelet()
        self._wait("the node to register", self._is_registered, "kubelet")
        self._advertise_gpu()
        self._wait("the node to be ready", self._is_ready, "kubelet")

    def stop(self) -> None:
        """Stop the kubelet, all containers and containerd."""
        self.processes.stop("kubelet")
        networks = self._pod_network_names()
        control_groups.remove(self.place.control_group)
        self.processes.stop("containerd")
        for network in networks:
            attempt("umount", network)
            network.unlink(missing_ok=True)
        self._remove_log_links()

    def ctr(self, *arguments: str | Path) -> tuple[str | Path, ...]:
        """Return a command line of the containerd client, in the namespace of Kubernetes."""
        return ("ctr", "--address", self.place.containerd_socket, "--namespace", "k8s.io",
                *arguments)  # fmt: skip

    def _start_containerd(self) -> None:
        self.place.sockets.mkdir(parents=True, exist_ok=True)
        config = self.place.state / "containerd.toml"
        config.write_text(_containerd_configuration(self.place))
        self.processes.start("containerd", ["containerd", "--config", config])
        self._wait("containerd", self._containerd_answers, "containerd")

    def _containerd_answers(self) -> bool:
        return attempt(*self.ctr("version")).returncode == 0

    def _load_pause(self) -> None:
        if PAUSE_IMAGE in run(*self.ctr("images", "list", "--quiet")):
            return
        archive = self.place.state / "pause.tar"
        image_archive.write(archive, PAUSE_IMAGE, self.control_plane.tools.pause)
        run(*self.ctr("images", "import", archive))

    def _start_kubelet(self) -> None:
        kubeconfig = self.place.state / "kubelet.kubeconfig"
        self.control_plane.write_kubeconfig(f"system:node:{NODE}", kubeconfig)
        config = self.place.state / "kubelet.json"
        authority = self.control_plane.credentials.authority
        settings = _kubelet_configuration(self.place, self.addresses, authority)
        config.write_text(json.dumps(settings, indent=1))
        self.processes.start(
            "kubelet",
            [
                self.control_plane.tools.kubernetes / "kubelet",
                f"--config={config}",
                f"--kubeconfig={kubeconfig}",
                f"--hostname-override={NODE}",
                f"--node-ip={self.addresses.gateway}",
                f"--root-dir={self.place.state / 'kubelet'}",
                f"--cert-dir={self.place.state / 'kubelet-certificates'}",
            ],
        )

    def _is_registered(self) -> bool:
        return attempt(*self.control_plane.kubectl(), "get", "node", NODE).returncode == 0

    def _advertise_gpu(self) -> None:
        """Advertise one GPU, as Kubernetes documents it for extended resources."""
        patch = {"status": {"capacity": {GPU: "1"}}}
        run(
            *self.control_plane.kubectl(),
            *("patch", "node", NODE, "--subresource=status", "--type=merge"),
            *("--patch", json.dumps(patch)),
        )

    def _is_ready(self) -> bool:
        done = attempt(*self.control_plane.kubectl(), "get", "node", NODE, "-o", "json")
        if done.returncode != 0:
            return False
        status = json.loads(done.stdout)["status"]
        ready = any(
            entry["type"] == "Ready" and entry["status"] == "True"
            for entry in status.get("conditions", [])
        )
        return ready and status.get("allocatable", {}).get(GPU) == "1"

    def _wait(self, what: str, holds: Callable[[], bool], program: str) -> None:
        """Wait for `what`, and fail if the `program` that provides it exits."""
        deadline = time.monotonic() + READY_SECONDS
        while not holds():
            self.processes.check(program)
            if time.monotonic() > deadline:
                log = self.processes.log_tail(program)
                raise ClusterError(
                    f"Timed out after {READY_SECONDS:.0f} s waiting for {what}: {log}"
                )
            time.sleep(0.2)

    def _pod_network_names(self) -> list[Path]:
        """Return the mounted network namespaces of the pods of this cluster."""
        found = set()
        listed = attempt(*self.ctr("containers", "list", "--quiet"))
        for container in listed.stdout.split():
            info = attempt(*self.ctr("containers", "info", container))
            with contextlib.suppress(ValueError, KeyError):
                for namespace in json.loads(info.stdout)["Spec"]["linux"]["namespaces"]:
                    path = namespace.get("path", "")
                    if namespace["type"] == "network" and "/netns/" in path:
                        found.add(Path(path))
        return sorted(found)

    def _remove_log_links(self) -> None:
        """Remove the links to container logs from the folder that all clusters share."""
        shared = Path("/var/log/containers")
        for link in shared.glob("*.log") if shared.is_dir() else ():
            if link.is_symlink() and str(link.readlink()).startswith(str(self.place.state)):
                link.unlink(missing_ok=True)


def _containerd_configuration(place: Place) -> str:
    return f"""version = 2
root = "{place.state}/containerd"
state = "{place.sockets}/containerd"

[grpc]
  address = "{place.containerd_socket}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{CNI_PLUGINS}"
  conf_dir = "{place.state}/cni"

[plugins."io.containerd.internal.v1.opt"]
  path = "{place.state}/opt"
"""


def _kubelet_configuration(
    place: Place, addresses: Addresses, authority: Path
) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{place.containerd_socket}",
        "podLogsDir": str(place.state / "pod-logs"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{place.control_group}",
        "failCgroupV1": False,
        "enforceNodeAllocatable": [],
        "localStorageCapacityIsolation": False,
        "evictionHard": {"memory.available": "100Mi"},
        "imageGCHighThresholdPercent": 100,
        "failSwapOn": False,
        "resolvConf": "",
        # Pods can reach this address: only the certificate of the API server is accepted.
        "address": addresses.gateway,
        "port": addresses.kubelet_port,
        "healthzPort": 0,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": False},
            "x509": {"clientCAFile": str(authority)},
        },
        "authorization": {"mode": "AlwaysAllow"},
        # A killed operator restarts immediately.
        "featureGates": {"KubeletCrashLoopBackOffMax": True},
        "crashLoopBackOff": {"maxContainerRestartPeriod": "1s"},
    }
