"""A folder in which the commands of the documents are run, with this cluster's names."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from markdown_commands import ROOT, RUN, block

from local_cluster.place import cache

LOCAL = ROOT / "build" / "local-cluster"
NAMESPACES = {"dubbing": "walk-dubbing", "drama": "walk-drama"}
"""The documents' namespaces of dubs and those of the walk. Names of files stay."""
COPIED = ("charts", "data-pvc", "examples", "Makefile")


@dataclass(frozen=True)
class Workplace:
    """A folder with what the commands need."""

    folder: Path
    registry: str
    """The address of the registry."""
    environment: dict[str, str]

    def run(self, name: str) -> str:
        """Run a block of the documents as a user would, with the names of this cluster."""
        return self.shell(block(*RUN[name]).text)

    def shell(self, commands: str, check: bool = True) -> str:
        """Run commands, stopping at the first that fails; their output."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.adapted(commands)],
            cwd=self.folder, env=self.environment, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{commands}\n{done.stdout}"
        return done.stdout

    def adapted(self, text: str) -> str:
        """The text with this registry and these namespaces. The registry has no TLS, and the
        pods of this cluster have no network: their models come from a claim."""
        for name, own in NAMESPACES.items():
            text = re.sub(rf"(?<![\w./-]){name}(?![\w-])", own, text)
        text = text.replace("registry.example", self.registry)
        text = re.sub(r"helm push ", "helm push --plain-http ", text)
        text = re.sub(r"helm (install|upgrade) (\S+) oci:", r"helm \1 --plain-http \2 oci:", text)
        return re.sub(
            r"helm install (.*?)dubjob-profiles ",
            r"helm install --set modelPull.seedClaimName=dubjob-seed \1dubjob-profiles ",
            text,
        )


def copy(source: Path, target: Path, place: Workplace) -> None:
    for file in [source] if source.is_file() else source.rglob("*"):
        copy = target / file.relative_to(source) if source.is_dir() else target
        if file.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            text = file.read_text()
            is_named = source.name in ("data-pvc", "examples") or file.parent.name == "charts"
            copy.write_text(place.adapted(text) if is_named else text)
            copy.chmod(file.stat().st_mode)


def volumes(folder: Path) -> str:
    """Volumes for the claims of both namespaces, with the downloaded models."""
    documents = []
    for namespace in ("dubbing", "drama"):
        for name in ("data", "models"):
            path = folder / namespace / name
            for part in ("", "inputs", "interim", "outputs") if name == "data" else ("",):
                (path / part).mkdir(parents=True, exist_ok=True)
                os.chown(path / part, 1000, 1000)
                (path / part).chmod(0o2775)
            documents.append(_volume(namespace, name, path, "ReadWriteMany"))
        documents.append(_volume(namespace, "seed", cache() / "seed", "ReadOnlyMany"))
    return "---\n".join(documents)


def _volume(namespace: str, name: str, path: Path, mode: str) -> str:
    return f"""\
apiVersion: v1
kind: PersistentVolume
metadata: {{name: {NAMESPACES[namespace]}-{name}, labels: {{walk: volumes}}}}
spec:
  capacity: {{storage: 100Gi}}
  accessModes: [{mode}]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: ""
  hostPath: {{path: {path}, type: Directory}}
  claimRef: {{namespace: {NAMESPACES[namespace]}, name: dubjob-{name}}}
"""
