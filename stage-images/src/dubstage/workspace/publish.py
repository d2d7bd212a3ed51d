"""All files of a stage appear together, complete, or not at all.

A stage writes to a *staging* path next to each target. When all are written they are synced
and renamed, and files of an earlier run that this one did not replace are deleted. The
manifest is written last.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from dubstage.workspace.digests import Digests, FileRecord
from dubstage.workspace.layout import Artifact, Tree
from dubstage.workspace.manifest import sync
from dubstage.workspace.stages import PRODUCER

MARK = ".partial"
"""Part of the name of an unpublished file, before the ending. The name also begins with a
dot, so that no pattern of an artifact matches it."""


class Staging:
    """The unpublished files of one run of a stage."""

    def __init__(self, tree: Tree, writes: tuple[Artifact, ...]) -> None:
        self._tree = tree
        self._writes = writes
        self._files: dict[Path, Path] = {}

    def path(self, artifact: Artifact, name: str | None = None) -> Path:
        """The path to write `artifact` to; `name`: one of several files of a pattern.

        Raises ValueError for an artifact that the stage does not declare.
        """
        if artifact not in self._writes:
            raise ValueError(f"{artifact.name} is not an artifact that this stage writes")
        pattern = self._tree.path(artifact)
        target = pattern.with_name(name) if name else pattern
        if not target.match(pattern.name):
            raise ValueError(f"{name} does not match {pattern.name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.stem}{MARK}{target.suffix}")
        self._files[target] = temporary
        return temporary

    def discard(self) -> None:
        """Delete unpublished files, of this run and of one that was killed."""
        manifest = self._tree.manifest(PRODUCER[self._writes[0]])
        leftovers = list(manifest.parent.glob(f".{manifest.name}.*{MARK}"))
        for artifact in self._writes:
            leftovers += self._tree.path(artifact).parent.glob(f".*{MARK}*")
        for leftover in leftovers:
            with contextlib.suppress(OSError):
                leftover.unlink()

    def publish(self, digests: Digests) -> list[FileRecord]:
        """Sync and rename every file, and return their records, sorted by path."""
        missing = [target for target, staged in self._files.items() if not staged.exists()]
        if missing:
            raise FileNotFoundError(f"the stage did not write {missing[0].name}")
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
