#!/usr/bin/env python3
"""Lock the images' requirements, with hashes.

    python3 stage-images/lock.py            update the locks whose inputs have changed
    python3 stage-images/lock.py --upgrade  update all locks to the latest versions
    python3 stage-images/lock.py --check    list the locks that are out of date, without a network

``pins.txt`` contains what all stage images share. Every image has its own lock on top of it,
which keeps the shared versions if its requirements allow them. The header of a lock contains a
digest of its inputs.
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
    """One lock: its inputs and its target machines."""

    inputs: tuple[str, ...]
    """Names of the requirement files, without their suffix."""
    environment: str
    """Environment marker of the machines for which the lock is valid."""
    on: str | None = None
    """The lock whose versions are kept if possible."""
    python: str = "3.10"
    """The oldest supported Python version."""
    builds: bool = False
    """Whether source distributions are built, under `pins-build.txt`."""


LINUX = "sys_platform == 'linux'"
HEAVY = f"{LINUX} and python_full_version < '3.13'"
"""The torch wheels of these versions support Python up to 3.12."""
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
    """Update or check the locks; return 1 if a lock is out of date or cannot be resolved."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true")
    choice.add_argument("--upgrade", action="store_true")
    arguments = parser.parse_args()
    if arguments.check:
        stale = [name for name in LOCKS if not is_current(REQUIREMENTS, name)]
        for name in stale:
            print(f"{name}.txt is out of date with {sources(name)}: run `make lock`")
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
    """Return the names of the requirement files of a lock."""
    return ", ".join(f"{part}.txt" for part in LOCKS[name].inputs)


def digest(folder: Path, name: str) -> str:
    """Return a digest of the inputs: the requirements, the lock below and the target machines."""
    lock = LOCKS[name]
    found = hashlib.sha256(f"{lock.environment} {lock.python}".encode())
    for part in (*lock.inputs, *([lock.on] if lock.on else [])):
        lines = (folder / f"{part}.txt").read_text().splitlines()
        wanted = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        found.update("\n".join([part, *wanted]).encode())
    return found.hexdigest()


def is_current(folder: Path, name: str) -> bool:
    """Whether the lock exists and is up to date with its inputs."""
    path = folder / f"{name}.txt"
    return path.exists() and f"# Inputs: sha256:{digest(folder, name)}\n" in path.read_text()


def entries(lock: Path) -> dict[str, str]:
    """Return the entries of a lock by package. A package may have a version per Python version."""
    found: dict[str, str] = {}
    text = lock.read_text() if lock.exists() else ""
    for entry in re.findall(r"^[a-z0-9].*\n(?: +.*\n)*", text, re.MULTILINE):
        name = entry.partition("==")[0]
        found[name] = found.get(name, "") + entry
    return found


def make(folder: Path, name: str, *, upgrade: bool) -> None:
    """Resolve and write one lock. On failure, uv writes the reason to stderr."""
    lock = LOCKS[name]
    kept = {} if upgrade else entries(folder / f"{name}.txt")
    if lock.on:
        kept |= entries(folder / f"{lock.on}.txt")
    with tempfile.TemporaryDirectory(prefix="dubjob-lock-") as work:
        # uv reads the target machines from a project file, and keeps the versions that it finds
        # in its output file.
        (Path(work) / "pyproject.toml").write_text(
            f'[tool.uv]\nenvironments = ["{lock.environment}"]\n'
        )
        output = Path(work) / "lock.txt"
        output.write_text("".join(kept.values()))
        subprocess.run(compile_command(folder, lock, output), cwd=work, check=True)
        header = HEADER.format(inputs=sources(name), digest=digest(folder, name))
        (folder / f"{name}.txt").write_text(header + output.read_text())


def compile_command(folder: Path, lock: Lock, output: Path) -> list[str]:
    """Return the `uv pip compile` command for all target machines of the lock."""
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
