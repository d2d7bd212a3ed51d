"""Load images into the node: the parts of an OCI image layout that it does not have."""

from __future__ import annotations

import json
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from local_cluster.errors import ClusterError
from local_cluster.node import Node
from local_cluster.programs import run
from local_cluster.steps import step

REFERENCE = "org.opencontainers.image.ref.name"


def load(node: Node, references: list[str], layout: Path) -> None:
    """Import the images `references` from the OCI image layout `layout`.

    Raises :class:`ClusterError` if the layout does not contain one of them.
    """
    present = set(run(*node.ctr("images", "list", "--quiet")).split())
    missing = [reference for reference in references if reference not in present]
    if not missing:
        return
    with (
        step(f"load {', '.join(missing)}"),
        tempfile.TemporaryDirectory(dir=node.place.state) as work,
    ):
        archive = Path(work) / "images.tar"
        write_archive(layout, missing, archive)
        run(*node.ctr("images", "import", archive))


def write_archive(layout: Path, references: list[str], archive: Path) -> None:
    """Write these images of the layout, with only their blobs, to a tar file."""
    index = json.loads((layout / "index.json").read_text())
    chosen = [
        manifest
        for manifest in index["manifests"]
        if manifest.get("annotations", {}).get(REFERENCE) in references
    ]
    present = {manifest["annotations"][REFERENCE] for manifest in chosen}
    missing = [reference for reference in references if reference not in present]
    if missing:
        raise ClusterError(f"{layout} does not contain the image {missing[0]}: run `make images`.")
    blobs = set().union(*(_blobs(layout, manifest) for manifest in chosen))
    with tarfile.open(archive, "w") as tar:
        _add(tar, "oci-layout", {"imageLayoutVersion": "1.0.0"})
        _add(tar, "index.json", {"schemaVersion": 2, "manifests": chosen})
        for blob in sorted(blobs):
            tar.add(layout / blob, arcname=blob)


def _blobs(layout: Path, manifest: dict[str, Any]) -> set[str]:
    """Return the paths of all blobs of an image."""
    content = json.loads((layout / _path(manifest)).read_text())
    parts = [manifest, content["config"], *content["layers"]]
    return {_path(part) for part in parts}


def _path(part: dict[str, Any]) -> str:
    return f"blobs/{part['digest'].replace(':', '/')}"


def _add(archive: tarfile.TarFile, name: str, content: dict[str, Any]) -> None:
    data = json.dumps(content).encode()
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, BytesIO(data))
