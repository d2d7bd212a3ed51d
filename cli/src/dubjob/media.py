"""The media of a DubJob on the data volume: what is removed with it, and what others still use."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from dubjob.dub import Dub
from dubjob.errors import DubError
from dubjob.volume import Volume
from dubstage.workspace.layout import Roots, Tree
from dubstage.workspace.ownership import owner_in

RESULTS = ("interim", "outputs")
ROOTS = (*RESULTS, "inputs")
VOLUME = Roots(Path("inputs"), Path("interim"), Path("outputs"), Path("models"))
"""The folders as paths of the data volume."""


@dataclass
class Removal:
    """What was removed, and what was not."""

    paths: list[str] = field(default_factory=list)
    """Folders and files that were removed, as paths of the data volume."""
    kept: list[str] = field(default_factory=list)
    """What was kept, each with the reason."""
    job_id: str = ""
    """Name of the folders, if they were left as they are."""
    source: str | None = None
    """The source, if it was removed separately from the folders."""


def users_of(job_id: str, others: Iterable[Dub]) -> list[str]:
    """The names of the DubJobs that read or write the folders of `job_id`."""
    return [
        other.name
        for other in others
        if job_id in (other.job_id, PurePosixPath(other.dubjob.source_path).parts[0])
    ]


def remove_media(volume: Volume, job_id: str, others: Iterable[Dub]) -> Removal:
    """Remove the folders of `job_id`, as far as none of the `others` uses them.

    Raises :class:`DubError`.
    """
    users, removal = list(others), Removal()
    for root in ROOTS:
        _remove(volume, f"{root}/{job_id}", users, removal)
    return removal


def remove_results(volume: Volume, job_id: str) -> Removal:
    """Remove the interim files and the outputs of a DubJob that is gone. Its inputs may hold the
    only copy of a source.

    Raises :class:`DubError`.
    """
    removal = Removal(kept=[f"inputs/{job_id} is kept if it exists: it may hold a source."])
    for root in RESULTS:
        _remove(volume, f"{root}/{job_id}", [], removal)
    return removal


def remove_source(
    volume: Volume, source: str, namespace: str, others: Iterable[Dub], removal: Removal
) -> None:
    """Remove `source`, a path below the inputs folder, if `dub submit` uploaded it and none of the
    `others` uses it. Interrupted uploads of the source go with it.

    Raises :class:`DubError`.
    """
    path = f"inputs/{source}"
    if not is_upload(volume, path, namespace):
        removal.kept.append(f"{path} is kept, because `dub submit` did not upload it.")
    elif _remove(volume, path, list(others), removal):
        removal.source = path


def record_upload(volume: Volume, path: str, namespace: str, size: int) -> None:
    """Record on the volume that `path`, a file of `size` bytes, is a copy that `dub submit` made.

    Raises :class:`DubError`.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "upload.json"
        file.write_text(_record(namespace, size))
        volume.put(file, _record_of(path))


def is_upload(volume: Volume, path: str, namespace: str) -> bool:
    """Whether `dub submit` uploaded the file from that namespace, and nobody has replaced it.

    Raises :class:`DubError`.
    """
    size = volume.size(path)
    return size is not None and _text(volume, _record_of(path)) == _record(namespace, size)


def check_claim(volume: Volume, job_id: str, namespace: str) -> bool:
    """Check that no other namespace has claimed the folders. Return whether this one has.

    Raises :class:`DubError` if the claim is of another namespace, which has the same storage, or
    cannot be read.
    """
    path = str(Tree(VOLUME, job_id).owner)
    claim = _text(volume, path)
    if claim is None:
        return False
    owner = owner_in(claim)
    if owner is None:
        raise DubError(f"{path} does not say whose the media are: nothing was removed.")
    if owner[0] != namespace:
        raise DubError(
            f"interim/{job_id} belongs to a DubJob of the namespace {owner[0]}: nothing was "
            f"removed. Run `dub -n {owner[0]} rm {job_id} --media`."
        )
    return True


def _record(namespace: str, size: int) -> str:
    """The text of the record of an upload."""
    return json.dumps({"namespace": namespace, "bytes": size})


def _record_of(path: str) -> str:
    """Path of the record of an upload. It ends like an interrupted upload of the file, and is
    removed with it."""
    file = PurePosixPath(path)
    return str(file.with_name(f".{file.name}.record.upload"))


def _text(volume: Volume, path: str) -> str | None:
    """The text of a file of the volume; None without the file."""
    if volume.size(path) is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "text"
        volume.get(path, file)
        return file.read_text(errors="replace")


def _remove(volume: Volume, path: str, others: list[Dub], removal: Removal) -> bool:
    """Remove `path` unless one of the others uses it. Return whether it was there and is gone."""
    used = {
        each: other.name
        for other in others
        for each in (f"inputs/{other.dubjob.source_path}", f"inputs/{other.job_id}")
    }
    existed, user = volume.remove(path, list(used))
    if user is not None:
        removal.kept.append(f"{path} is kept, because DubJob {used[user]} uses it.")
        return False
    if existed:
        removal.paths.append(path)
    return existed
