#!/usr/bin/env python3
"""Lock the images' requirements, with hashes.

    python3 stage-images/lock.py            make the locks whose inputs changed
    python3 stage-images/lock.py --upgrade  make all, with the newest versions
    python3 stage-images/lock.py --check    say which are out of date; needs no network

``pins.txt`` holds what all stage images have in common. Every image has a lock of its own
on top: it keeps the common versions wherever its own requirements allow them. A lock's
first lines name the digest of what it was made from.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent / "requirements"
COMMON = "pins"
BUILD = "pins-build"


@dataclass(frozen=True)
class Lock:
    """One lock: what goes in, and the machines it is for."""

    inputs: tuple[str, ...]
    """Names of requirement files, without their suffix."""
    environment: str
    """A marker; the lock holds for every machine that it is true of."""
    on: str | None = None
    """The lock whose versions are kept where possible."""
    python: str = "3.10"
    """The oldest Python."""
    builds: bool = False
    """True where source distributions are built, under `pins-build.txt`."""


LINUX = "sys_platform == 'linux'"
HEAVY = f"{LINUX} and python_full_version < '3.13'"
"""torch's wheels of these versions end with Python 3.12."""
STAGES = ("base", "python")
LOCKS = {
    "pins-uv": Lock(("uv",), LINUX),
    COMMON: Lock(STAGES, LINUX),
    "pins-extra": Lock((*STAGES, "extra"), LINUX, COMMON),
    "pins-cpu": Lock((*STAGES, "cpu"), LINUX, COMMON),
    BUILD: Lock(("build",), HEAVY),
    "pins-stt": Lock((*STAGES, "whisperx"), HEAVY, COMMON),
    "pins-tts": Lock((*STAGES, "cosyvoice"), HEAVY, COMMON, builds=True),
    "pins-operator": Lock(("base", "operator"), LINUX, python="3.11"),
}
HEADER = "# Made by `make lock`, for {inputs}.\n# Inputs: sha256:{digest}\n"


def main() -> int:
    """Make or check; 0, or 1 where a lock is out of date or could not be made."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true")
    choice.add_argument("--upgrade", action="store_true")
    arguments = parser.parse_args()
    if arguments.check:
        stale = [name for name in LOCKS if not is_current(REQUIREMENTS, name)]
        for name in stale:
            print(f"{name}.txt is not made from {sources(name)}: run `make lock`")
        return 1 if stale else 0
    for name in LOCKS:
        if arguments.upgrade or not is_current(REQUIREMENTS, name):
            print(f"lock: {name}.txt", file=sys.stderr)
            try:
                make(REQUIREMENTS, name, upgrade=arguments.upgrade)
            except subprocess.CalledProcessError:
                return 1
    return 0


def sources(name: str) -> str:
    """The files that a lock is made from, for a person."""
    return ", ".join(f"{part}.txt" for part in LOCKS[name].inputs)


def digest(folder: Path, name: str) -> str:
    """What the lock was made from: the requirements' lines, the lock below, the machines."""
    lock = LOCKS[name]
    found = hashlib.sha256(f"{lock.environment} {lock.python}".encode())
    for part in (*lock.inputs, *([lock.on] if lock.on else [])):
        lines = (folder / f"{part}.txt").read_text().splitlines()
        wanted = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        found.update("\n".join([part, *wanted]).encode())
    return found.hexdigest()


def is_current(folder: Path, name: str) -> bool:
    """True where the lock is there and made from its inputs as they are now."""
    path = folder / f"{name}.txt"
    return path.exists() and f"# Inputs: sha256:{digest(folder, name)}\n" in path.read_text()


def entries(lock: Path) -> dict[str, str]:
    """Each package's lines, by name. A package may have one version for each Python."""
    found: dict[str, str] = {}
    text = lock.read_text() if lock.exists() else ""
    for entry in re.findall(r"^[a-z0-9].*\n(?: +.*\n)*", text, re.MULTILINE):
        name = entry.partition("==")[0]
        found[name] = found.get(name, "") + entry
    return found


def make(folder: Path, name: str, *, upgrade: bool) -> None:
    """Resolve and write one lock. uv says on stderr why it cannot."""
    lock = LOCKS[name]
    kept = {} if upgrade else entries(folder / f"{name}.txt")
    if lock.on:
        kept |= entries(folder / f"{lock.on}.txt")
    with tempfile.TemporaryDirectory(prefix="dubjob-lock-") as work:
        # uv reads the machines out of a project file, and keeps the versions that it
        # finds in its output file.
        (Path(work) / "pyproject.toml").write_text(
            f'[tool.uv]\nenvironments = ["{lock.environment}"]\n'
        )
        output = Path(work) / "lock.txt"
        output.write_text("".join(kept.values()))
        subprocess.run(compile_command(folder, lock, output), cwd=work, check=True)
        header = HEADER.format(inputs=sources(name), digest=digest(folder, name))
        (folder / f"{name}.txt").write_text(header + output.read_text())


def compile_command(folder: Path, lock: Lock, output: Path) -> list[str]:
    """`uv pip compile`, for all machines of the lock's environment at once."""
    build = (
        ("--build-constraints", str(folder / f"{BUILD}.txt")) if lock.builds else ("--no-build",)
    )
    return [
        *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", lock.python),
        *("--generate-hashes", "--no-header", "--no-annotate", "--output-file", str(output)),
        *build,
        *(str(folder / f"{part}.txt") for part in lock.inputs),
    ]


if __name__ == "__main__":
    sys.exit(main())
