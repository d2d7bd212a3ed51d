"""Upload and download one file, in pieces with offsets and SHA-256, resumed after a break."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from dubjob.arguments import local_file
from dubjob.errors import DubError, printable
from dubjob.transfer.pod import BrokenConnectionError, TransferPod

PIECE = 16 << 20
"""Bytes that are verified at a time: what a break can cost."""
BLOCK = 1 << 20
PATIENCE_SECONDS = 300.0
"""A transfer that has got no further for this time fails."""
T = TypeVar("T")
MOVED = Callable[[int], None]
"""Called with the number of bytes that are done."""


def upload(pod: TransferPod, file: Path, path: str, progress: MOVED = lambda done: None) -> str:
    """Store `file` as `path` on the data volume and return its SHA-256. Nobody sees the file before
    it is complete.

    Raises :class:`DubError`, and :class:`NoSuchFileError` if there is no such file.
    """
    with _local(local_file(file), "read"):
        return _upload(pod, file, path, progress)


def _upload(pod: TransferPod, file: Path, path: str, progress: MOVED) -> str:
    size, sha256 = file.stat().st_size, _sha256(file)
    before = _persistently(lambda: pod.ask("stat", path, sha256), path)
    if (
        before["size"] == size
        and _persistently(lambda: pod.ask("checksum", path), path)["sha256"] == sha256
    ):
        progress(size)
        return sha256
    uploaded = min(int(before["uploaded"]), size)
    if before["free"] < size - uploaded:
        raise DubError(
            f"{file} has {size:,} bytes, and the data volume has {before['free']:,} bytes left. "
            "Remove old dubs with `dub rm --media NAME`, or enlarge the volume."
        )
    # Only whole pieces were verified.
    done = uploaded // PIECE * PIECE
    progress(done)
    with file.open("rb") as stream:
        while done < size:
            stream.seek(done)
            _send(pod, path, sha256, done, stream.read(PIECE))
            done = min(done + PIECE, size)
            progress(done)
        if size == 0:
            _send(pod, path, sha256, 0, b"")
    _persistently(lambda: pod.ask("finish", path, sha256), path)
    return sha256


def _send(pod: TransferPod, path: str, sha256: str, offset: int, piece: bytes) -> None:
    """Send one piece until it has arrived."""
    expected = hashlib.sha256(piece).hexdigest()

    def once() -> None:
        answer = pod.ask("write", path, sha256, offset, len(piece), send=piece)
        if answer["sha256"] != expected:
            raise BrokenConnectionError("a piece arrived damaged")

    _persistently(once, path)


def download(
    pod: TransferPod,
    path: str,
    file: Path,
    sha256: str | None = None,
    progress: MOVED = lambda done: None,
) -> str:
    """Fetch `path` of the data volume to `file` and return its SHA-256, which is compared with
    `sha256` if given. An earlier download that broke off is resumed.

    Raises :class:`DubError`.
    """
    there = _persistently(lambda: pod.ask("checksum", path), path)
    size, expected = int(there["size"]), str(there["sha256"])
    if sha256 is not None and expected != sha256:
        raise DubError(
            f"{path} on the data volume has the SHA-256 {expected}, and the status of the DubJob "
            f"says {sha256}: it was changed after the dub."
        )
    with _local(file, "written"):
        return _fetch(pod, path, file, size, expected, progress)


def _fetch(
    pod: TransferPod, path: str, file: Path, size: int, expected: str, progress: MOVED
) -> str:
    if file.is_file() and file.stat().st_size == size and _sha256(file) == expected:
        progress(size)
        return expected
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.{expected[:16]}.download")
    with partial.open("ab") as stream:
        stalled = time.monotonic() + PATIENCE_SECONDS
        while (done := stream.tell()) < size:
            try:
                _append(stream.write, pod.read(path, done, min(PIECE, size - done)))
            except BrokenConnectionError as error:
                if time.monotonic() > stalled:
                    raise DubError(_broken(path, error)) from error
                time.sleep(0.5)
            stream.flush()
            if stream.tell() > done:
                stalled = time.monotonic() + PATIENCE_SECONDS
            progress(stream.tell())
    if _sha256(partial) != expected:
        partial.unlink()
        raise DubError(f"{path} changed while it was downloaded. Run the command again.")
    partial.replace(file)
    return expected


def differs(pod: TransferPod, file: Path, path: str) -> bool:
    """Whether `path` is a file of the data volume with another content than `file`.

    Raises :class:`DubError`.
    """
    size = size_of(pod, path)
    if size is None:
        return False
    with _local(local_file(file), "read"):
        if size != file.stat().st_size:
            return True
        there = _persistently(lambda: pod.ask("checksum", path), path)
        return str(there["sha256"]) != _sha256(file)


def size_of(pod: TransferPod, path: str) -> int | None:
    """Bytes of `path` on the data volume; None if it is no file. Raises :class:`DubError`."""
    size = _persistently(lambda: pod.ask("stat", path), path)["size"]
    return None if size is None else int(size)


def remove(pod: TransferPod, path: str, used: Sequence[str]) -> tuple[bool, str | None]:
    """Remove `path` of the data volume, unless it is or holds one of the `used` paths. Return
    whether it existed, and which of these it is.

    Raises :class:`DubError`.
    """
    # If the answer to a removal is lost, the next attempt finds nothing. Therefore a request that
    # keeps the path asks first whether it exists.
    existed, _ = _remove(pod, path, [path])
    remained, user = _remove(pod, path, used)
    return existed or remained, user


def _remove(pod: TransferPod, path: str, used: Sequence[str]) -> tuple[bool, str | None]:
    """Remove `path` once, or keep it as :func:`remove` does. Return what the pod answers."""
    content = json.dumps(list(used)).encode()
    answer = _persistently(lambda: pod.ask("remove", path, len(content), send=content), path)
    user = answer["used"]
    return bool(answer["existed"]), None if user is None else str(user)


@contextmanager
def _local(file: Path, verb: str) -> Iterator[None]:
    """Turn what this machine refuses into a :class:`DubError` about `file`."""
    try:
        yield
    except OSError as error:
        raise DubError(
            f"{printable(str(file))} cannot be {verb}: {error.strerror or error}."
        ) from error


def _append(write: Callable[[bytes], int], blocks: Iterable[bytes]) -> None:
    for block in blocks:
        write(block)


def _persistently(once: Callable[[], T], path: str) -> T:
    """Do it until the connection holds. Raises :class:`DubError` when it stays broken."""
    attempts = Retrying(
        retry=retry_if_exception_type(BrokenConnectionError),
        wait=wait_exponential_jitter(max=2),
        stop=stop_after_delay(PATIENCE_SECONDS),
        reraise=True,
    )
    try:
        return attempts(once)
    except BrokenConnectionError as error:
        raise DubError(_broken(path, error)) from error


def _broken(path: str, error: Exception) -> str:
    return (
        f"The transfer of {path} gets no further: {error}. Run the command again: it goes on "
        "where it stopped."
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
