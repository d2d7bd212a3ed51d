#!/usr/bin/env python3
"""Print the Python with the libraries of an image, at the versions of its lock.

    environment.py stt|tts

The environment (up to 7.5 GB) is stored in the cache, under a digest of its inputs, and is made
if it is missing. That needs `uv` and a package index.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCKS = HERE.parents[1] / "stage-images/requirements"
ENGINES = {"stt": "whisperx", "tts": "cosyvoice"}
"""The requirements of each image in addition to those of all."""
PYTHON = ">=3.10,<3.13"
"""torch 2.8 has wheels for these."""


def main() -> int:
    """Print the path; 0, or 1 where the environment could not be made."""
    image = sys.argv[1]
    lock = LOCKS / f"pins-{image}.txt"
    requirements = [
        *(LOCKS / f"{name}.txt" for name in ("base", "python", ENGINES[image])),
        HERE / image / "requirements.txt",
    ]
    cache = Path(os.environ.get("DUBJOB_CACHE", Path.home() / ".cache/dubjob"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (lock, *requirements)))
    folder = cache / "engines" / digest.hexdigest()[:16]
    whole = folder / "whole"
    if not whole.exists():
        begun = time.monotonic()
        print(f"engines: make {folder} (7.5 GB)", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            make(folder, lock, requirements)
        except subprocess.CalledProcessError as error:
            print(f"engines: `{' '.join(error.cmd[:3])} …` failed", file=sys.stderr)
            return 1
        whole.touch()
        print(f"engines: made in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    print(folder / "bin/python")
    return 0


def make(folder: Path, lock: Path, requirements: list[Path]) -> None:
    """Make the environment. Raises CalledProcessError where it cannot be made."""
    subprocess.run(["uv", "venv", "--quiet", "--python", PYTHON, str(folder)], check=True)
    wanted = [word for path in requirements for word in ("--requirements", str(path))]
    subprocess.run(
        ["uv", "pip", "install", "--quiet", "--python", str(folder / "bin/python"),
         "--verify-hashes", "--build-constraints", str(LOCKS / "pins-build.txt"),
         "--constraints", str(lock), *wanted],
        check=True,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
