"""The other end of a transfer: this file is the program that runs in the transfer pod.

It is passed to ``python3 -c`` and uses the standard library alone, so that any image of a profile
can run it. The first argument is a verb, the second a folder that nothing leaves, the third a path
in it. Answers are one JSON object on stdout, except those of ``read``.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

BLOCK = 1 << 20


class RefusedError(Exception):
    """The path or the content is refused."""


def inside(root: str, path: str) -> Path:
    """Return the path below `root`, after links. Raises :class:`RefusedError`."""
    base = Path(root).resolve()
    found = (base / path).resolve()
    if base not in found.parents:
        raise RefusedError(f"{path} is outside the data volume")
    return found


def link_inside(root: str, path: str) -> Path:
    """Return the path in a folder below `root`; a link itself, not what it leads to. Raises
    :class:`RefusedError`."""
    name = Path(path).name
    if name in ("", ".."):
        raise RefusedError(f"{path} is no path of a file or folder")
    return inside(root, str(Path(path).parent)) / name


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def partial_of(target: Path, sha256: str) -> Path:
    """The file that collects the pieces: one for each content, so that no two are mixed."""
    return target.with_name(f".{target.name}.{sha256[:16]}.upload")


def stat(target: Path, sha256: str = "") -> dict[str, object]:
    """Say how much is there: of the file, and of an upload with that content.

    Raises :class:`RefusedError` if no file can be stored there."""
    if target.is_dir():
        raise RefusedError("it is a folder: name a file in it")
    above = next(each for each in target.parents if each.exists())
    if not above.is_dir():
        raise RefusedError(f"{above.name} is a file, not a folder")
    partial = partial_of(target, sha256)
    return {
        "size": target.stat().st_size if target.is_file() else None,
        "uploaded": partial.stat().st_size if partial.is_file() else 0,
        "free": shutil.disk_usage(above).free,
    }


def received(length: int) -> bytes:
    """Return `length` bytes from stdin. Raises :class:`RefusedError` if there are fewer."""
    piece = bytearray()
    while len(piece) < length:
        block = os.read(sys.stdin.fileno(), min(length - len(piece), BLOCK))
        if not block:
            raise RefusedError("the connection ended within a piece")
        piece += block
    return bytes(piece)


def write(target: Path, sha256: str, offset: str, length: str) -> dict[str, object]:
    """Take `length` bytes from stdin and store them at `offset` of the upload.

    Nothing is written before all bytes have arrived: a program whose connection broke may
    still run when the next one does, and must not disturb it.
    """
    piece = received(int(length))
    target.parent.mkdir(parents=True, exist_ok=True)
    create = os.O_CREAT if offset == "0" else 0
    descriptor = os.open(partial_of(target, sha256), os.O_WRONLY | create, 0o664)
    with os.fdopen(descriptor, "wb") as stream:
        stream.seek(int(offset))
        stream.write(piece)
        stream.flush()
        os.fsync(stream.fileno())
    return {"sha256": hashlib.sha256(piece).hexdigest()}


def finish(target: Path, sha256: str) -> dict[str, object]:
    """Compare the upload with its digest and give it its name."""
    partial = partial_of(target, sha256)
    if target.is_file() and not partial.exists() and digest_of(target) == sha256:
        return {"sha256": sha256}
    found = digest_of(partial)
    if found != sha256:
        partial.unlink()
        raise RefusedError(f"the content differs: SHA-256 {found}, expected {sha256}")
    partial.chmod(0o664)
    partial.replace(target)
    return {"sha256": found}


def read(source: Path, offset: str, length: str) -> None:
    """Send `length` bytes from `offset` to stdout."""
    left = int(length)
    with source.open("rb") as stream:
        stream.seek(int(offset))
        while left and (block := stream.read(min(left, BLOCK))):
            sys.stdout.buffer.write(block)
            left -= len(block)
    sys.stdout.buffer.flush()


def checksum(source: Path) -> dict[str, object]:
    """Size and SHA-256 of a file."""
    return {"size": source.stat().st_size, "sha256": digest_of(source)}


def remove(target: Path, root: str, length: str) -> dict[str, object]:
    """Remove a folder, or a file with its interrupted uploads, if it is there, and a folder of
    inputs that is empty then. A link is removed, and what it leads to stays.

    Nothing is removed that is or holds one of the used paths, a JSON list of `length` bytes on
    stdin.
    """
    base, existed = Path(root).resolve(), os.path.lexists(target)
    for path in json.loads(received(int(length))):
        if is_used(target, base / path):
            return {"existed": existed, "used": path if existed else None}
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
        return {"existed": existed, "used": None}
    target.unlink(missing_ok=True)
    for upload in target.parent.glob(f".{glob.escape(target.name)}.*.upload"):
        upload.unlink()
    is_below_a_folder = len(target.relative_to(base).parts) > 2
    if existed and is_below_a_folder and not any(target.parent.iterdir()):
        target.parent.rmdir()
    return {"existed": existed, "used": None}


def is_used(target: Path, path: Path) -> bool:
    """Whether `path` is the target or in it: by its name, or by what a link leads to."""
    names = {Path(os.path.normpath(path)), path.parent.resolve() / path.name, path.resolve()}
    return any(target == name or target in name.parents for name in names)


VERBS = {
    "stat": stat, "write": write, "finish": finish, "read": read, "checksum": checksum,
}  # fmt: skip


def main(verb: str, root: str, path: str, *arguments: str) -> int:
    """Carry out one verb; return 1 after a refusal, with its reason on stderr."""
    os.umask(0o002)
    try:
        if verb == "remove":
            answer = remove(link_inside(root, path), root, *arguments)
        else:
            answer = VERBS[verb](inside(root, path), *arguments)  # type: ignore[operator]
    except (RefusedError, OSError) as error:
        words = error.strerror if isinstance(error, OSError) else str(error)
        print(words or error, file=sys.stderr)
        return 1
    if answer is not None:
        print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
