"""The real kustomize-controller of Flux, as a process beside the control plane.

The test acts as source-controller: it serves each commit as an archive, and names the archive in
the status of the GitRepository.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import tarfile
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml
from control_plane_view import ROOT, Object, View

from local_cluster.control_plane import ControlPlane
from local_cluster.place import free_port
from local_cluster.processes import Background

SYSTEM = "flux-system"
EXAMPLES = ROOT / "gitops/flux"
KUSTOMIZATION = "kustomizations.kustomize.toolkit.fluxcd.io"
REPOSITORY = "gitrepositories.source.toolkit.fluxcd.io"


class _Archives(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Keep the requests out of the output of the tests."""


@dataclass
class Flux:
    """kustomize-controller, the objects of the examples, and the commits of a repository."""

    view: View
    program: Path
    """The folder of the tool."""
    kubeconfig: Path
    folder: Path
    """For the archives and the log."""
    commits: int = 0
    server: ThreadingHTTPServer = field(init=False)

    @classmethod
    def beside(cls, view: View, plane: ControlPlane, program: Path, folder: Path) -> Flux:
        """Flux for that control plane, not started yet."""
        return cls(view, program, plane.kubeconfig, folder)

    @property
    def _process(self) -> Background:
        return Background(self.folder / "processes", self.folder)

    def install(self) -> None:
        """Create the kinds of Flux, and start the server of the archives and the controller."""
        archives = self.folder / "archives"
        archives.mkdir()
        handler = functools.partial(_Archives, directory=str(archives))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.view.kubectl("create", "namespace", SYSTEM)
        self.view.kubectl("apply", "--server-side", "-f", str(self.program / "crds"))
        self.view.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        self.start()

    def start(self, *flags: str) -> None:
        """Start kustomize-controller, whose dependencies are checked again after a second."""
        self._process.start(
            "kustomize-controller",
            ["env", f"KUBECONFIG={self.kubeconfig}", f"RUNTIME_NAMESPACE={SYSTEM}",
             self.program / "kustomize-controller", "--requeue-dependency=1s",
             "--metrics-addr=0", f"--health-addr=127.0.0.1:{free_port()}", *flags],
        )  # fmt: skip

    def stop(self) -> None:
        """Stop kustomize-controller."""
        self._process.stop("kustomize-controller")

    def remove(self) -> None:
        """Remove everything but the claims, so that later tests start as before."""
        self.stop()
        self.server.shutdown()
        self.server.server_close()
        self.view.attempt("delete", "-f", str(self.program / "crds"), "--timeout=30s")
        self.view.attempt("delete", "namespace", SYSTEM, "--wait=false")

    def create(self, **changes: object) -> None:
        """Apply both examples but for the charts; `changes` of the spec of the DubJobs'
        Kustomization."""
        files = ("dubjob.yaml", "dubs.yaml")
        for item in [i for name in files for i in yaml.safe_load_all(_text(name))]:
            if item["kind"] in ("HelmRelease", "OCIRepository"):
                continue
            if item["metadata"]["name"] == "dubs":
                item["spec"] |= changes
            text = json.dumps(item)
            self.view.kubectl("-n", SYSTEM, "apply", "--server-side", "-f", "-", stdin=text)

    def delete(self) -> None:
        """Delete the Kustomizations and what they have created, and the repository."""
        for kind in (KUSTOMIZATION, REPOSITORY):
            self.view.kubectl("-n", SYSTEM, "delete", kind, "--all", "--timeout=30s")

    def commit(self, *dubs: Object, folders: tuple[str, ...] = ("data-pvc",)) -> str:
        """Commit a repository with copies of `folders` and one file per DubJob in ``dubs``. Return
        its revision."""
        self.commits += 1
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for folder in folders:
                archive.add(ROOT / folder, folder)
            for dub in dubs:
                text = json.dumps(dub).encode()
                entry = tarfile.TarInfo(f"dubs/{dub['metadata']['name']}.yaml")
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text))
        content = packed.getvalue()
        revision = f"main@sha1:{hashlib.sha1(content, usedforsecurity=False).hexdigest()}"
        (self.folder / "archives" / f"{self.commits}.tar.gz").write_bytes(content)
        artifact = {
            "path": f"{self.commits}.tar.gz",
            "url": f"http://127.0.0.1:{self.server.server_port}/{self.commits}.tar.gz",
            "revision": revision,
            "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
            "lastUpdateTime": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self.view.kubectl(
            "-n", SYSTEM, "patch", REPOSITORY, "media", "--subresource=status", "--type=merge",
            "-p", json.dumps({"status": {"artifact": artifact}}),
        )  # fmt: skip
        return revision

    def reconcile(self, name: str = "dubs") -> None:
        """Do what `flux reconcile kustomization` does, and wait until it is done."""
        at = str(time.time())
        self.view.kubectl(
            "-n", SYSTEM, "annotate", KUSTOMIZATION, name, "--overwrite",
            f"reconcile.fluxcd.io/requestedAt={at}",
        )  # fmt: skip
        self.view.until(
            "Flux to reconcile",
            lambda: self.status(name).get("lastHandledReconcileAt") == at,
        )

    def status(self, name: str = "dubs") -> Object:
        """The status of a Kustomization."""
        text = self.view.kubectl("-n", SYSTEM, "get", KUSTOMIZATION, name, "-o", "json")
        status: Object = json.loads(text).get("status", {})
        return status

    def ready(self, name: str = "dubs") -> Object:
        """The condition Ready of a Kustomization."""
        conditions = self.status(name).get("conditions", [])
        found: Object = next((each for each in conditions if each["type"] == "Ready"), {})
        return found

    def until_applied(self, revision: str, name: str = "dubs") -> None:
        """Wait until the Kustomization has applied that revision and is ready."""

        def holds() -> bool:
            applied = self.status(name).get("lastAppliedRevision") == revision
            return applied and self.ready(name)["status"] == "True"

        self.view.until(f"{name} to apply {revision}", holds)

    def until_message(self, words: str, name: str = "dubs") -> Object:
        """Wait until the condition Ready says that; the condition."""

        def find() -> Object | None:
            found = self.ready(name)
            return found if words in found.get("message", "") else None

        condition: Object = self.view.until(f"{name} to say {words!r}", find)
        return condition

    def changes(self) -> list[str]:
        """What Flux has changed in the cluster, by its Events."""
        events = json.loads(self.view.kubectl("-n", SYSTEM, "get", "events", "-o", "json"))
        return [str(event["message"]) for event in events["items"]]

    def log(self) -> str:
        """The end of the log."""
        return self._process.log_tail("kustomize-controller", 20)


def _text(name: str) -> str:
    return (EXAMPLES / name).read_text()
