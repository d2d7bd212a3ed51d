"""The volumes of the cluster: folders of this checkout, in which users find the media.

There are three persistent volumes, each bound to its claim by name: `data` and `models`
(ReadWriteMany), and `seed` with the downloaded models (read-only).
"""

from __future__ import annotations

import os
from pathlib import Path

from local_cluster.place import Place, cache

NAMESPACE = "dubbing"
POD_USER = 1000
"""User of the stages. Kubernetes does not change the owner of a hostPath volume."""
JOB_FOLDERS = ("inputs", "interim", "outputs")


def create_folders(place: Place) -> None:
    """Create the folders of the volumes, writable for the user and group of the pods."""
    data = place.volumes / "data"
    for folder in (*_writable(place).values(), *(data / name for name in JOB_FOLDERS)):
        if not folder.exists():
            folder.mkdir(parents=True)
            os.chown(folder, POD_USER, POD_USER)
            folder.chmod(0o2775)
    seed().mkdir(parents=True, exist_ok=True)


def are_lost(place: Place) -> bool:
    """Whether a cluster of this checkout exists whose media or models were deleted, for example
    with an earlier checkout at this path. Its finished Jobs claim that the models are there."""
    return place.state.exists() and not all(each.is_dir() for each in _writable(place).values())


def seed() -> Path:
    """Return the folder of the downloaded models."""
    return cache() / "seed"


def manifests(place: Place) -> list[dict[str, object]]:
    """Return the manifests of the persistent volumes."""
    return [
        *(_volume(name, folder, "ReadWriteMany") for name, folder in _writable(place).items()),
        _volume("seed", seed(), "ReadOnlyMany"),
    ]


def _writable(place: Place) -> dict[str, Path]:
    """Return the folders of the volumes that pods write, by the name of the volume."""
    return {name: place.volumes / name for name in ("data", "models")}


def _volume(name: str, folder: Path, mode: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"dubjob-{name}"},
        "spec": {
            "capacity": {"storage": "100Gi"},
            "accessModes": [mode],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "",
            "hostPath": {"path": str(folder), "type": "Directory"},
            "claimRef": {"namespace": NAMESPACE, "name": f"dubjob-{name}"},
        },
    }
