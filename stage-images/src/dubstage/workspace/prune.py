"""Delete media: a finished job's interim files, or all of an old job. Inputs always stay."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from dubstage.contract import Stage
from dubstage.errors import TemporaryFailure
from dubstage.workspace.layout import Artifact, Roots, Tree
from dubstage.workspace.ownership import owner_of

DAY_SECONDS = 86400.0
PRUNED = ".pruned-"
"""The prefix of a folder that is being deleted. What is left of it has no report and a new time, so
that only its name shows the next run that it is to be deleted."""


class Outcome(str, Enum):
    """Which jobs are pruned."""

    COMPLETE = "complete"
    """Jobs with a finished dub."""
    INCOMPLETE = "incomplete"
    """Jobs without one."""
    ANY = "any"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class InUse:
    """What the API server knows of the jobs of a namespace."""

    namespace: str
    last_used: Mapping[str, float]
    """When each job was last in use, in seconds since the epoch; infinity: it still is."""

    def time(self, tree: Tree) -> float:
        """When the job was last in use. A DubJob of another namespace, which cannot be asked,
        keeps its folders."""
        owner = owner_of(tree)
        if owner and owner[0] != self.namespace:
            return math.inf
        return self.last_used.get(tree.job_id, 0.0)


def prune(
    roots: Roots,
    days: float,
    outcome: Outcome,
    *,
    in_use: InUse | None = None,
    dry_run: bool = False,
) -> Iterator[str]:
    """Delete the interim and outputs folders of jobs that were last written or in use more than
    `days` ago, and yield their names. If `in_use` is omitted, only the time of the last write
    counts. What an earlier run could not delete is deleted in any case.

    A job whose folders cannot be read completely is kept. Raises :class:`TemporaryFailure` in the
    end if there is such a job, or one that cannot be deleted.
    """
    cutoff = time.time() - days * DAY_SECONDS
    problems: list[str] = []
    names = _folders(roots.interim) | _folders(roots.outputs)
    for job_id in sorted({name.removeprefix(PRUNED) for name in names}):
        folders = [roots.interim / job_id, roots.outputs / job_id]
        pruned = [folder.with_name(PRUNED + job_id) for folder in folders]
        is_due = False
        try:
            if job_id in names:
                is_due = _is_due(Tree(roots, job_id), folders, outcome, in_use, cutoff)
            if not dry_run:
                _delete(pruned)
                if is_due:
                    _rename(folders, pruned)
                    _delete(pruned)
            is_due = is_due or PRUNED + job_id in names
        except OSError as error:
            problems.append(f"{job_id} ({error})")
            continue
        if is_due:
            yield job_id
    if problems:
        raise TemporaryFailure(
            "These jobs cannot be read or deleted completely: " + ", ".join(problems) + ". Check "
            "the volume and who owns the files."
        )


def delete_interim(tree: Tree) -> None:
    """Delete the files that the stages wrote for each other. The manifests stay: they prove
    that the outputs are right."""
    for artifact in Artifact:
        if not artifact.is_output:
            for file in tree.files(artifact):
                file.unlink()
    for kept in (tree.clip_cache, tree.translation_cache):
        shutil.rmtree(kept, ignore_errors=True)


def _folders(root: Path) -> set[str]:
    """The names of the folders in `root`; none on a volume without a dub, which has no `root`."""
    if not root.is_dir():
        return set()
    return {path.name for path in root.iterdir() if path.is_dir() and not path.is_symlink()}


def _is_due(
    tree: Tree, folders: list[Path], outcome: Outcome, in_use: InUse | None, cutoff: float
) -> bool:
    """Whether the job is one of `outcome` that was last written or in use before `cutoff`. Raises
    OSError if that is unknown."""
    is_complete = tree.path(Artifact.REPORT).exists() and tree.manifest(Stage.MUX).exists()
    is_selected = outcome is Outcome.ANY or is_complete == (outcome is Outcome.COMPLETE)
    used = in_use.time(tree) if in_use else 0.0
    return is_selected and max(_last_written(folders), used) < cutoff


def _rename(folders: list[Path], pruned: list[Path]) -> None:
    """Rename `folders` to `pruned`, as far as they exist, so that the next run deletes what is left
    of them. A job that starts in the meantime makes new folders.

    Raises OSError if one cannot be renamed: the others then keep their names.
    """
    renamed: list[tuple[Path, Path]] = []
    for folder, new in zip(folders, pruned, strict=True):
        try:
            folder.rename(new)
            renamed.append((folder, new))
        except FileNotFoundError:
            continue
        except OSError:
            for old, other in renamed:
                other.rename(old)
            raise


def _delete(folders: list[Path]) -> None:
    """Delete what can be deleted in `folders`. Raises OSError if something is left."""
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    for folder in folders:
        with contextlib.suppress(FileNotFoundError):
            folder.lstat()
            raise OSError(f"{folder} is not deleted completely")


def _last_written(folders: list[Path]) -> float:
    """The time of the latest change of anything below `folders`, in seconds."""
    return max((seconds for folder in folders for seconds in _times(folder)), default=0.0)


def _times(folder: Path) -> Iterator[float]:
    """When `folder` and everything below it changed. A running stage may delete any of it.

    Raises OSError if one of its folders cannot be listed: what is in it may be new.
    """
    for parent, _, files in os.walk(folder, onerror=_raise_unless_deleted):
        for path in (Path(parent), *(Path(parent, name) for name in files)):
            with contextlib.suppress(FileNotFoundError):
                yield path.lstat().st_mtime


def _raise_unless_deleted(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
