#!/usr/bin/env python3
"""Print the Python that has the stt image's libraries, at the versions of its lock.

The environment (7.5 GB) is stored in the cache, under a digest of its inputs, and is
made where it is not there. Needs `uv` and, then, a package index.
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
IMAGE = HERE.parents[2] / "stage-images/requirements"
LOCK = IMAGE / "pins-stt.txt"
REQUIREMENTS = (*(IMAGE / f"{name}.txt" for name in ("base", "python", "whisperx")),
                HERE / "requirements.txt")  # fmt: skip
PYTHON = ">=3.10,<3.13"
"""torch 2.8 has wheels for these."""


def main() -> int:
    """Print the path; 0, or 1 where the environment could not be made."""
    cache = Path(os.environ.get("DUBJOB_CACHE", Path.home() / ".cache/dubjob"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (LOCK, *REQUIREMENTS)))
    folder = cache / "engines" / digest.hexdigest()[:16]
    whole = folder / "whole"
    if not whole.exists():
        begun = time.monotonic()
        print(f"engines: make {folder} (7.5 GB)", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            make(folder)
        except subprocess.CalledProcessError as error:
            print(f"engines: `{' '.join(error.cmd[:3])} …` failed", file=sys.stderr)
            return 1
        whole.touch()
        print(f"engines: made in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    print(folder / "bin/python")
    return 0


def make(folder: Path) -> None:
    """Make the environment. Raises CalledProcessError where it cannot be made."""
    subprocess.run(["uv", "venv", "--quiet", "--python", PYTHON, str(folder)], check=True)
    wanted = [word for path in REQUIREMENTS for word in ("--requirements", str(path))]
    subprocess.run(
        ["uv", "pip", "install", "--quiet", "--python", str(folder / "bin/python"),
         "--verify-hashes", "--constraints", str(LOCK), *wanted],
        check=True,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
