"""etcd, kube-apiserver, kube-controller-manager and kube-scheduler.

It can also run without root and without a node, as in the controlplane tests.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from local_cluster import certificates
from local_cluster.certificates import ADMINISTRATOR, Credentials
from local_cluster.errors import ClusterError
from local_cluster.place import free_port
from local_cluster.processes import Background
from local_cluster.programs import attempt
from local_cluster.tools import Tools

SERVICES = "10.96.0.0/16"
"""Range of cluster IPs. Only the address of the `kubernetes` service is reachable."""
SERVICE_ADDRESS = "10.96.0.1"
"""Cluster IP of the `kubernetes` service: the first address of :data:`SERVICES`."""
READY_SECONDS = 60.0
PROGRAMS = ("kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd")
"""The programs, in the order in which they are stopped."""


@dataclass(frozen=True)
class ControlPlane:
    """A control plane whose state is stored in `folder`."""

    folder: Path
    tools: Tools
    logs: Path
    address: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    node: str | None = None
    """Name of the node that registers, if there is one."""

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.folder / "credentials")

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of the administrator."""
        return self.folder / "kubeconfig"

    @property
    def processes(self) -> Background:
        return Background(self.folder / "processes", self.logs)

    def start(self) -> None:
        """Start all four and wait until the API server is ready.

        Raises :class:`ClusterError` if one of them exits, or if the API server is not ready
        after :data:`READY_SECONDS`.
        """
        certificates.create(
            self.credentials, [self.address, "127.0.0.1", SERVICE_ADDRESS], self.node
        )
        users = {ADMINISTRATOR: self.kubeconfig}
        for user in ("system:kube-controller-manager", "system:kube-scheduler"):
            users[user] = self.folder / f"{user.rpartition(':')[2]}.kubeconfig"
        for user, path in users.items():
            self.write_kubeconfig(user, path)
        self._start_etcd()
        self._start_api_server()
        self._wait_until_ready()
        self._start_controllers(users)

    def stop(self) -> None:
        """Stop all four, and keep their data."""
        for name in PROGRAMS:
            self.processes.stop(name)

    def is_ready(self) -> bool:
        """Whether the API server reports that it is ready."""
        answer = attempt(*self.kubectl(), "get", "--raw", "/readyz", "--request-timeout=3s")
        return answer.returncode == 0

    def kubectl(self) -> tuple[str | Path, ...]:
        """Return the first arguments of a kubectl command line, as administrator."""
        return (self.tools.kubectl, "--kubeconfig", self.kubeconfig)

    def write_kubeconfig(self, user: str, path: Path) -> None:
        """Write a kubeconfig for `user`, whose token must exist."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": "dubjob",
                    "cluster": {
                        "server": f"https://{self.address}:{self.port}",
                        "certificate-authority": str(self.credentials.authority),
                    },
                }
            ],
            "users": [{"name": user, "user": {"token": self.credentials.token(user)}}],
            "contexts": [{"name": "dubjob", "context": {"cluster": "dubjob", "user": user}}],
            "current-context": "dubjob",
        }
        path.write_text(json.dumps(config, indent=1))
        path.chmod(0o600)

    def _etcd_urls(self) -> tuple[str, str]:
        """Return the client and peer URLs of etcd, which are chosen once."""
        record = self.folder / "etcd-ports.json"
        if not record.exists():
            record.write_text(json.dumps([free_port(), free_port()]))
        client, peer = json.loads(record.read_text())
        return f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"

    def _start_etcd(self) -> None:
        client, peer = self._etcd_urls()
        self.processes.start(
            "etcd",
            [
                self.tools.etcd,
                *("--data-dir", self.folder / "etcd", "--unsafe-no-fsync"),
                *("--listen-client-urls", client, "--advertise-client-urls", client),
                *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
                *("--initial-cluster", f"default={peer}"),
            ],
        )

    def _start_api_server(self) -> None:
        own = self.credentials
        self.processes.start(
            "kube-apiserver",
            [
                self.tools.kubernetes / "kube-apiserver",
                f"--etcd-servers={self._etcd_urls()[0]}",
                f"--bind-address={self.address}",
                f"--advertise-address={self.address}",
                f"--secure-port={self.port}",
                f"--tls-cert-file={own.server}",
                f"--tls-private-key-file={own.server_key}",
                f"--cert-dir={self.folder}",
                f"--token-auth-file={own.tokens}",
                "--authorization-mode=Node,RBAC",
                "--anonymous-auth=false",
                "--allow-privileged=true",
                f"--service-cluster-ip-range={SERVICES}",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={own.service_account_key}",
                f"--service-account-signing-key-file={own.service_account_key}",
                "--endpoint-reconciler-type=none",
                f"--kubelet-client-certificate={own.kubelet_client}",
                f"--kubelet-client-key={own.kubelet_client_key}",
                # Otherwise `kubectl logs` would resolve the name of the node.
                "--kubelet-preferred-address-types=InternalIP",
            ],
        )

    def _start_controllers(self, users: dict[str, Path]) -> None:
        own = self.credentials
        self.processes.start(
            "kube-controller-manager",
            [
                self.tools.kubernetes / "kube-controller-manager",
                f"--kubeconfig={users['system:kube-controller-manager']}",
                f"--service-account-private-key-file={own.service_account_key}",
                f"--root-ca-file={own.authority}",
                "--use-service-account-credentials=true",
                *("--leader-elect=false", "--secure-port=0"),
                *("--kube-api-qps=200", "--kube-api-burst=400"),
            ],
        )
        self.processes.start(
            "kube-scheduler",
            [
                self.tools.kubernetes / "kube-scheduler",
                f"--kubeconfig={users['system:kube-scheduler']}",
                *("--leader-elect=false", "--secure-port=0"),
            ],
        )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            for name in ("etcd", "kube-apiserver"):
                self.processes.check(name)
            if time.monotonic() > deadline:
                log = self.processes.log_tail("kube-apiserver")
                raise ClusterError(
                    f"kube-apiserver was not ready after {READY_SECONDS:.0f} s: {log}"
                )
            time.sleep(0.2)
