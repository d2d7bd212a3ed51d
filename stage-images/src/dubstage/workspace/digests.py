"""Digests of files, without reading a file twice.

A digest is stored with the size and the modification time of its file. A file is read
again only if one of them has changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

BLOCK = 1 << 20
"""Bytes of one read."""


class FileRecord(BaseModel):
    """The digest of one file, with what shows whether the file has changed."""

    model_config = ConfigDict(frozen=True)

    path: str
    """Relative to the volume: ``interim/<job_id>/…``."""
    size: int
    mtime_ns: int
    sha256: str


def sha256(path: Path) -> str:
    """The SHA-256 of the file's content, in hexadecimal. Memory: one block."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def key_of(parts: Mapping[str, object]) -> str:
    """The SHA-256 of these values as JSON, in hexadecimal: the key of what they decide."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_through(path: Path) -> None:
    """Read the file to its end. Raises OSError if the volume does not deliver it."""
    sha256(path)


class Digests:
    """Digests of files, taken from records if these are current."""

    def __init__(self, known: Iterable[FileRecord] = ()) -> None:
        self._known = {(entry.path, entry.size, entry.mtime_ns): entry.sha256 for entry in known}

    def record(self, path: Path, name: str) -> FileRecord:
        """The record of the file at `path` under the name `name`.

        Raises FileNotFoundError if it does not exist.
        """
        stat = path.stat()
        key = (name, stat.st_size, stat.st_mtime_ns)
        if key not in self._known:
            self._known[key] = sha256(path)
        return FileRecord(
            path=name, size=stat.st_size, mtime_ns=stat.st_mtime_ns, sha256=self._known[key]
        )
