"""Digests of files, without reading a file twice.

A digest is remembered with the file's size and modification time; a file whose
both are unchanged is not read again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

BLOCK = 1 << 20
"""Bytes that are read at once."""


class FileRecord(BaseModel):
    """What is known about one file."""

    model_config = ConfigDict(frozen=True)

    path: str
    """Relative to the volume: ``interim/<job_id>/…``."""
    size: int
    mtime_ns: int
    sha256: str


def sha256(path: Path) -> str:
    """SHA-256 of the file's content, in hexadecimal. Reads it in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


class Digests:
    """Looks files up in records, and reads only those that are not there."""

    def __init__(self, known: Iterable[FileRecord] = ()) -> None:
        self._known = {(entry.path, entry.size, entry.mtime_ns): entry.sha256 for entry in known}

    def record(self, path: Path, name: str) -> FileRecord:
        """The record of the file at `path`, called `name`.

        Raises FileNotFoundError where there is none.
        """
        stat = path.stat()
        key = (name, stat.st_size, stat.st_mtime_ns)
        if key not in self._known:
            self._known[key] = sha256(path)
        return FileRecord(
            path=name, size=stat.st_size, mtime_ns=stat.st_mtime_ns, sha256=self._known[key]
        )
