"""Downloads from the hubs: one revision, and compared with what the hub lists."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from dubstage.engines.repositories import Hub, Source
from dubstage.workspace.digests import sha256

MODELSCOPE_REVISION = "master"
"""ModelScope's library accepts branches and tags only."""
PICKLE, SAFE = "pytorch_model.bin", "model.safetensors"
"""The same weights in two forms: the first one is not needed if the second one is there."""


class IncompleteDownload(Exception):
    """What was downloaded differs from what the hub lists."""


@dataclass(frozen=True)
class HubFile:
    """One file, as the hub lists it."""

    name: str
    size: int | None
    """Bytes; None if the hub does not say."""
    sha256: str | None = None
    git_sha1: str | None = None
    """The id of the file in Git, for a small file."""


def _from_hugging_face(source: Source, folder: Path, token: str | None) -> None:
    from huggingface_hub import HfApi, snapshot_download

    # It raises if the hub does not answer: snapshot_download then returns a folder that is
    # not empty as if it were complete.
    info = HfApi(token=token or False).model_info(source.repository, files_metadata=True)
    listed = [
        HubFile(
            file.rfilename,
            file.size,
            file.lfs.sha256 if file.lfs else None,
            None if file.lfs else file.blob_id,
        )
        for file in info.siblings or ()
    ]
    files = _wanted(listed, source)
    snapshot_download(
        source.repository,
        revision=info.sha,
        local_dir=folder,
        allow_patterns=[file.name for file in files],
        token=token or False,
    )
    compare(folder, files)


def _from_modelscope(source: Source, folder: Path, token: str | None) -> None:
    from modelscope import snapshot_download
    from modelscope.hub.api import HubApi

    listed = [
        HubFile(file["Path"], file.get("Size"), file.get("Sha256") or None)
        for file in HubApi().get_model_files(
            source.repository, revision=MODELSCOPE_REVISION, recursive=True
        )
        if file.get("Type") != "tree"
    ]
    files = _wanted(listed, source)
    snapshot_download(
        source.repository,
        revision=MODELSCOPE_REVISION,
        local_dir=str(folder),
        allow_patterns=[file.name for file in files],
    )
    compare(folder, files)


FETCHERS: dict[Hub, Callable[[Source, Path, str | None], None]] = {
    Hub.HUGGING_FACE: _from_hugging_face,
    Hub.MODELSCOPE: _from_modelscope,
}
"""The function that downloads a repository of a hub: (source, folder, token)."""


def _wanted(listed: Iterable[HubFile], source: Source) -> list[HubFile]:
    """The files of a repository that are downloaded."""
    files = [
        file
        for file in listed
        if not source.files or any(fnmatch(file.name, pattern) for pattern in source.files)
    ]
    if source.files and any(file.name == SAFE for file in files):
        files = [file for file in files if file.name != PICKLE]
    if not files:
        raise IncompleteDownload(f"{source.repository} has none of the files that are needed")
    return files


def compare(folder: Path, files: Iterable[HubFile]) -> None:
    """Raise :class:`IncompleteDownload` if `folder` lacks one of `files`, or one differs."""
    for file in files:
        path = folder / file.name
        if not path.is_file():
            raise IncompleteDownload(f"{file.name} was not downloaded")
        size = path.stat().st_size
        if file.size is not None and size != file.size:
            raise IncompleteDownload(f"{file.name} has {size} bytes, expected {file.size}")
        if file.sha256 and sha256(path) != file.sha256:
            raise IncompleteDownload(f"{file.name} does not have the SHA-256 {file.sha256}")
        if file.git_sha1 and len(file.git_sha1) == 40 and _git_sha1(path) != file.git_sha1:
            raise IncompleteDownload(f"{file.name} is not the file {file.git_sha1} of Git")


def _git_sha1(path: Path) -> str:
    content = path.read_bytes()
    header = f"blob {len(content)}\0".encode()
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()
