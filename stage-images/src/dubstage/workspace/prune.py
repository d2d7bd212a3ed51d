"""Delete the media of jobs that nobody has touched for long. Inputs always stay."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from dubstage.contract import Stage
from dubstage.workspace.layout import Artifact, Roots, Tree

DAY_SECONDS = 86400.0


class Outcome(str, Enum):
    """Which jobs are pruned."""

    COMPLETE = "complete"
    """Those whose dub is there."""
    INCOMPLETE = "incomplete"
    """Those that never came so far."""
    ANY = "any"

    def __str__(self) -> str:
        return self.value


def prune(roots: Roots, days: float, outcome: Outcome, *, dry_run: bool = False) -> Iterator[str]:
    """Delete the interim and outputs folders of jobs that were last written more than
    `days` ago; their names. A job that runs writes, and is never touched."""
    cutoff = time.time() - days * DAY_SECONDS
    for job_id in sorted(_folders(roots.interim) | _folders(roots.outputs)):
        tree = Tree(roots, job_id)
        folders = [roots.interim / job_id, roots.outputs / job_id]
        is_complete = tree.path(Artifact.REPORT).exists() and tree.manifest(Stage.MUX).exists()
        wanted = outcome is Outcome.ANY or is_complete == (outcome is Outcome.COMPLETE)
        if wanted and _last_written(folders) < cutoff:
            if not dry_run:
                for folder in folders:
                    shutil.rmtree(folder, ignore_errors=True)
            yield job_id


def _folders(root: Path) -> set[str]:
    return {path.name for path in root.iterdir() if path.is_dir() and not path.is_symlink()}


def _last_written(folders: list[Path]) -> float:
    """The latest change of anything below `folders`."""
    times = [
        path.lstat().st_mtime
        for folder in folders
        if folder.exists()
        for path in (folder, *folder.rglob("*"))
    ]
    return max(times, default=0.0)
