"""Outputs appear whole or not at all.

A stage writes to a *staging* path beside each target. When all are written they
are synced and renamed; what an earlier run left and this one did not write again
goes; the manifest comes last.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from dubstage.workspace.digests import Digests, FileRecord
from dubstage.workspace.layout import Artifact, Tree
from dubstage.workspace.manifest import sync

MARK = ".partial"
"""Ending of a file that is not published yet. It starts with a dot as well, so no
artifact's pattern finds it. The media type's own ending stays before it."""


class Staging:
    """The files that one run of a stage is writing."""

    def __init__(self, tree: Tree, writes: tuple[Artifact, ...]) -> None:
        self._tree = tree
        self._writes = writes
        self._files: dict[Path, Path] = {}

    def path(self, artifact: Artifact, name: str | None = None) -> Path:
        """Where to write `artifact` (`name`: one file of a pattern artifact).

        Raises ValueError for an artifact that the stage does not declare.
        """
        if artifact not in self._writes:
            raise ValueError(f"{artifact.name} is not among what this stage writes")
        pattern = self._tree.path(artifact)
        target = pattern.with_name(name) if name else pattern
        if not target.match(pattern.name):
            raise ValueError(f"{name} does not match {pattern.name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.stem}{MARK}{target.suffix}")
        self._files[target] = temporary
        return temporary

    def discard(self) -> None:
        """Remove what is not published, of this run and of one that was killed."""
        for artifact in self._writes:
            pattern = self._tree.path(artifact)
            for leftover in pattern.parent.glob(f".*{MARK}*"):
                with contextlib.suppress(OSError):
                    leftover.unlink()

    def publish(self, digests: Digests) -> list[FileRecord]:
        """Sync and rename every file; their records, sorted by path."""
        missing = [target for target, staged in self._files.items() if not staged.exists()]
        if missing:
            raise FileNotFoundError(f"{missing[0].name} was promised and not written")
        for temporary in self._files.values():
            sync(temporary)
        for target, temporary in self._files.items():
            temporary.replace(target)
        self._remove_stale()
        for folder in {target.parent for target in self._files}:
            sync(folder)
        records = [digests.record(target, self._tree.relative(target)) for target in self._files]
        return sorted(records, key=lambda entry: entry.path)

    def _remove_stale(self) -> None:
        for artifact in self._writes:
            for file in self._tree.files(artifact):
                if file not in self._files:
                    file.unlink()
