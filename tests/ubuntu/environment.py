#!/usr/bin/env python3
"""Print a folder whose programs are those of Ubuntu 22.04: Python 3.10 with the libraries of the
cpu image, and ffmpeg 4.4.

Debian has neither. The ffmpeg is a build that Maven Central contains. It lacks the filter
`rubberband`, which the ffmpeg of Ubuntu has, and three encoders with which tests make their media
(`libvorbis`, `libtheora`, `pcm_bluray`); commands with these run the ffmpeg of the machine. The
folder is stored in the cache, under a digest of its inputs. That needs `uv`, a Python 3.10 or a
connection from which uv downloads one, `mvn` and a package index.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCKS = HERE.parents[1] / "stage-images/requirements"
PYTHON = "3.10"
ARTIFACT = "org.bytedeco:ffmpeg:4.4-1.5.6:jar:linux-x86_64-gpl"
SHA256 = "19eb3ec4f99c30b8bfd7a17e62cd4fbefc97645b67b6c7cbe8e22a8c0bd68e35"
LIBRARIES = "org/bytedeco/ffmpeg/linux-x86_64-gpl/"
WRAPPER = """\
#!/bin/sh
case "$*" in *rubberband*|*libvorbis*|*libtheora*|*pcm_bluray*) exec {machine} "$@" ;; esac
LD_LIBRARY_PATH={folder} exec {folder}/{name} "$@"
"""


def main() -> int:
    """Print the path; 0, or 1 where the environment could not be made."""
    lock = LOCKS / "pins-cpu.txt"
    requirements = [
        *(LOCKS / f"{name}.txt" for name in ("base", "python", "cpu")),
        HERE / "requirements.txt",
    ]
    digest = hashlib.sha256(
        b"".join(path.read_bytes() for path in (lock, Path(__file__), *requirements))
    )
    cache = Path(os.environ.get("DUBJOB_CACHE", Path.home() / ".cache/dubjob"))
    folder = cache / "ubuntu-22.04" / digest.hexdigest()[:16]
    whole = folder / "whole"
    if not whole.exists():
        shutil.rmtree(folder, ignore_errors=True)
        try:
            make_python(folder, lock, requirements)
            make_ffmpeg(folder)
        except (subprocess.CalledProcessError, FileNotFoundError, ValueError) as error:
            print(f"ubuntu: {error}", file=sys.stderr)
            return 1
        whole.touch()
    print(folder / "bin")
    return 0


def make_python(folder: Path, lock: Path, requirements: list[Path]) -> None:
    """Make the Python. Raises CalledProcessError where it cannot be made."""
    subprocess.run(["uv", "venv", "--quiet", "--python", find_python(), str(folder)], check=True)
    wanted = [word for path in requirements for word in ("--requirements", str(path))]
    subprocess.run(
        ["uv", "pip", "install", "--quiet", "--python", str(folder / "bin/python"),
         "--verify-hashes", "--constraints", str(lock), *wanted],
        check=True,
    )  # fmt: skip


def find_python() -> str:
    """A Python of pyenv, which `uv` does not find unless it is the selected one; otherwise the
    version, which `uv` finds or downloads."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    programs = sorted(root.glob(f"versions/{PYTHON}.*/bin/python"))
    return str(programs[-1]) if programs else PYTHON


def make_ffmpeg(folder: Path) -> None:
    """Put ffmpeg and ffprobe next to the Python.

    Raises CalledProcessError where they cannot be downloaded, and ValueError for another file.
    """
    machine = shutil.which("ffmpeg")
    if not machine:
        raise ValueError("no ffmpeg: install one that has the filter rubberband")
    subprocess.run(
        ["mvn", "--quiet", "--batch-mode", "dependency:copy", f"-Dartifact={ARTIFACT}",
         f"-DoutputDirectory={folder}"],
        check=True, stdout=sys.stderr,
    )  # fmt: skip
    (archive,) = folder.glob("*.jar")
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        raise ValueError(f"{archive.name} does not have the SHA-256 {SHA256}")
    target = folder / "ffmpeg"
    target.mkdir()
    with zipfile.ZipFile(archive) as files:
        for name in files.namelist():
            if name.startswith(LIBRARIES) and not name.endswith("/"):
                (target / Path(name).name).write_bytes(files.read(name))
    archive.unlink()
    for name in ("ffmpeg", "ffprobe"):
        (target / name).chmod(0o755)
        wrapper = folder / "bin" / name
        wrapper.write_text(WRAPPER.format(machine=machine, folder=target, name=name))
        wrapper.chmod(0o755)


if __name__ == "__main__":
    sys.exit(main())
