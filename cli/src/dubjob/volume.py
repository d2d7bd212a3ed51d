"""The data volume, reached through a pod that exists only for a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from dubjob.transfer.files import differs, download, remove, size_of, upload
from dubjob.transfer.pod import TransferPod

Progress = Callable[[str, int, int], None]
"""Called with the name of a file, its bytes that are done, and all of its bytes."""


def silent(name: str, done: int, size: int) -> None:
    """Report no progress."""


class Volume:
    """The data volume, reached through a pod that exists only for a while."""

    def __init__(self, pod: TransferPod) -> None:
        self._pod = pod

    def put(self, file: Path, path: str, progress: Progress = silent) -> str:
        """Upload a file and return its SHA-256. Raises :class:`DubError`."""
        size = file.stat().st_size if file.is_file() else 0
        return upload(self._pod, file, path, lambda done: progress(file.name, done, size))

    def get(
        self, path: str, file: Path, sha256: str | None = None, progress: Progress = silent,
        size: int = 0,
    ) -> str:  # fmt: skip
        """Download a file and return its SHA-256. Raises :class:`DubError`."""
        return download(self._pod, path, file, sha256, lambda done: progress(file.name, done, size))

    def differs(self, file: Path, path: str) -> bool:
        """Whether `path` is a file with another content than `file`. Raises :class:`DubError`."""
        return differs(self._pod, file, path)

    def size(self, path: str) -> int | None:
        """Bytes of a file; None if there is none. Raises :class:`DubError`."""
        return size_of(self._pod, path)

    def remove(self, path: str, used: Sequence[str] = ()) -> tuple[bool, str | None]:
        """Remove a folder, or a file with its interrupted uploads, unless it is or holds one of the
        `used` paths. Return whether it existed, and which of these it is.

        Raises :class:`DubError`.
        """
        return remove(self._pod, path, used)
