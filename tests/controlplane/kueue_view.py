"""The real Kueue, as a process beside the control plane, with its webhooks on loopback."""

from __future__ import annotations

import base64
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from control_plane_view import NAMESPACE, ROOT, Object, View

from local_cluster.control_plane import ControlPlane
from local_cluster.place import free_port
from local_cluster.processes import Background
from local_cluster.programs import run

SYSTEM = "kueue-system"
SERVICE = "kueue-webhook-service"
CONVERTED = ("localqueues", "clusterqueues", "workloads", "cohorts", "multikueueclusters")
"""The resources whose CRD has a conversion webhook, which Kueue's certificate rotator expects."""
QUEUE = "dubs"
PRIORITY = {"low": 1, "high": 100}


@dataclass
class Kueue:
    """Kueue and the objects that it needs."""

    view: View
    folder: Path
    """For its certificates, its configuration and its log."""
    program: Path
    """The folder of the tool."""
    kubeconfig: Path
    port: int

    @classmethod
    def beside(cls, view: View, plane: ControlPlane, program: Path, folder: Path) -> Kueue:
        """Kueue for that control plane, not started yet."""
        return cls(view, folder, program, plane.kubeconfig, free_port())

    @property
    def _process(self) -> Background:
        return Background(self.folder / "processes", self.folder)

    def install(self) -> None:
        """Create everything but the queues, and start Kueue."""
        self._sign()
        self.view.kubectl("create", "namespace", SYSTEM)
        self._create(self._secret())
        for file in sorted((self.program / "crds").glob("*.yaml")):
            self._create(self._with_conversion(yaml.safe_load(file.read_text())))
        self.view.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        for webhooks in self._webhooks():
            self._create(webhooks)
        self.start()

    def start(self) -> None:
        """Start Kueue and wait until its webhooks answer."""
        configuration = self.folder / "configuration.yaml"
        configuration.write_text(json.dumps(self._configuration()))
        self._process.start(
            "kueue",
            ["env", f"KUBECONFIG={self.kubeconfig}", self.program / "kueue",
             "--config", configuration],
        )  # fmt: skip
        # A dry run passes the webhooks of Kueue.
        self.view.until("Kueue's webhooks", lambda: self._try_webhooks().returncode == 0, 60)

    def stop(self) -> None:
        """Stop Kueue. Its webhooks stay, and refuse everything."""
        self._process.stop("kueue")

    def create_queues(self, gpus: int) -> None:
        """The queue of the example, with a quota of so many GPUs, and two priorities."""
        for item in self._queues(gpus):
            self._create(item)
        for name, value in PRIORITY.items():
            kind = {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "WorkloadPriorityClass"}
            self._create({**kind, "metadata": {"name": name}, "value": value})

    def remove(self) -> None:
        """Remove everything, so that later tests create Jobs as before."""
        for kind in ("localqueues", "clusterqueues", "resourceflavors", "workloads"):
            self.view.attempt("delete", f"{kind}.kueue.x-k8s.io", "--all", "--timeout=20s")
        self.stop()
        for kind in ("mutating", "validating"):
            self.view.attempt("delete", f"{kind}webhookconfiguration", _configuration_name(kind))
        names = [f"crd/{file.stem.replace('kueue.x-k8s.io_', '')}.kueue.x-k8s.io"
                 for file in (self.program / "crds").glob("*.yaml")]  # fmt: skip
        self.view.attempt("delete", *names, "--timeout=30s")
        self.view.attempt("delete", "namespace", SYSTEM, "--wait=false")

    def log(self) -> str:
        """The end of its log."""
        return self._process.log_tail("kueue", 20)

    def workloads(self) -> list[Object]:
        """All Workloads of the namespace."""
        return self.view.items("workloads.kueue.x-k8s.io")

    def _create(self, item: Object) -> None:
        namespace = item["metadata"].get("namespace", NAMESPACE)
        self.view.kubectl(
            "-n", namespace, "apply", "--server-side", "--force-conflicts", "-f", "-",
            stdin=json.dumps(item),
        )  # fmt: skip

    def _try_webhooks(self) -> subprocess.CompletedProcess[str]:
        kind = {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "ResourceFlavor"}
        flavor = json.dumps({**kind, "metadata": {"name": "probe"}})
        return self.view.attempt("create", "--dry-run=server", "-f", "-", stdin=flavor)

    def _queues(self, gpus: int) -> list[Object]:
        items: list[Object] = list(yaml.safe_load_all((ROOT / "examples/kueue.yaml").read_text()))
        found = [each for each in items if each["kind"] != "DubJob"]
        for each in found:
            if each["kind"] == "ClusterQueue":
                (group,) = each["spec"]["resourceGroups"]
                for resource in group["flavors"][0]["resources"]:
                    if resource["name"] == "nvidia.com/gpu":
                        resource["nominalQuota"] = str(gpus)
                each["spec"]["preemption"] = {"withinClusterQueue": "LowerPriority"}
        return found

    def _configuration(self) -> Object:
        return {
            "apiVersion": "config.kueue.x-k8s.io/v1beta2",
            "kind": "Configuration",
            "namespace": SYSTEM,
            "health": {"healthProbeBindAddress": "0"},
            "metrics": {"bindAddress": "0"},
            "leaderElection": {"leaderElect": False},
            "webhook": {"port": self.port, "host": "127.0.0.1", "certDir": str(self.folder)},
            "internalCertManagement": {
                "enable": True, "webhookServiceName": SERVICE, "webhookSecretName": "certificate",
            },
            "integrations": {"frameworks": ["batch/job"]},
            # Its server needs an aggregation layer, which this control plane does not have.
            "featureGates": {"VisibilityOnDemand": False},
        }  # fmt: skip

    def _sign(self) -> None:
        """Certificates that Kueue's rotator takes for its own, valid for the loopback address."""
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650"]
        run(*command, "-subj", "/O=kueue/CN=kueue-ca", "-addext", "subjectAltName=DNS:kueue-ca",
            "-keyout", "ca.key", "-out", "ca.crt", folder=self.folder)  # fmt: skip
        # The rotator reads only PKCS#1.
        run("openssl", "rsa", "-traditional", "-in", "ca.key", "-out", "ca.key", folder=self.folder)
        names = f"subjectAltName=DNS:{SERVICE}.{SYSTEM}.svc,IP:127.0.0.1"
        run(*command, "-subj", f"/CN={SERVICE}", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-addext", names, "-addext", "basicConstraints=critical,CA:false",
            "-keyout", "tls.key", "-out", "tls.crt", folder=self.folder)  # fmt: skip

    def _secret(self) -> Object:
        data = {
            file: base64.b64encode((self.folder / file).read_bytes()).decode()
            for file in ("ca.crt", "ca.key", "tls.crt", "tls.key")
        }
        metadata = {"name": "certificate", "namespace": SYSTEM}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}

    def _client(self, path: str) -> Object:
        authority = base64.b64encode((self.folder / "ca.crt").read_bytes()).decode()
        return {"url": f"https://127.0.0.1:{self.port}{path}", "caBundle": authority}

    def _with_conversion(self, crd: Object) -> Object:
        if crd["spec"]["names"]["plural"] in CONVERTED:
            webhook = {"conversionReviewVersions": ["v1"], "clientConfig": self._client("/convert")}
            crd["spec"]["conversion"] = {"strategy": "Webhook", "webhook": webhook}
        return crd

    def _webhooks(self) -> list[Object]:
        """Kueue's own webhooks for its kinds and for Jobs, by URL."""
        found: list[Any] = list(yaml.safe_load_all((self.program / "webhooks.yaml").read_text()))
        for item in found:
            kind = item["kind"].removesuffix("WebhookConfiguration").lower()
            item["metadata"] = {"name": _configuration_name(kind)}
            item["webhooks"] = [each for each in item["webhooks"] if _is_needed(each)]
            for each in item["webhooks"]:
                each["clientConfig"] = self._client(each["clientConfig"]["service"]["path"])
        return found


def _configuration_name(kind: str) -> str:
    return f"kueue-{kind}-webhook-configuration"


def _is_needed(webhook: Object) -> bool:
    groups = {group for rule in webhook["rules"] for group in rule["apiGroups"]}
    return groups <= {"batch", "kueue.x-k8s.io"}
