"""Bring built images to the node."""

from __future__ import annotations

import tempfile
from pathlib import Path

from local_cluster.node import Node
from local_cluster.programs import run
from local_cluster.steps import step


def load(node: Node, references: list[str], storage: Path) -> None:
    """Copy each image that the node lacks out of buildah's `storage`."""
    present = set(run(*node.ctr("images", "list", "--quiet")).split())
    for reference in references:
        if reference in present:
            continue
        with step(f"load {reference}"), tempfile.TemporaryDirectory(dir=node.place.state) as work:
            archive = Path(work) / "image.tar"
            run(
                *("buildah", "--root", storage / "root", "--runroot", storage / "run"),
                *("push", reference, f"docker-archive:{archive}:{reference}"),
            )
            run(*node.ctr("images", "import", archive))
