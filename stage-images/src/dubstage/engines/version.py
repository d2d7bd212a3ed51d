"""Where the version of an engine is read in an image."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Protocol

PROGRAM_TIMEOUT_SECONDS = 10
VERSION = re.compile(r"\d+(\.\d+)+[-\w+.~]*")


class VersionSource(Protocol):
    """Reads a version."""

    def read(self) -> str | None:
        """The version; None if it is unknown."""
        ...


@dataclass(frozen=True)
class Library:
    """A Python distribution."""

    distribution: str

    def read(self) -> str | None:
        """The installed version."""
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return None


@dataclass(frozen=True)
class Program:
    """A program that prints its version."""

    command: tuple[str, ...]

    def read(self) -> str | None:
        """The first version number in what the program prints."""
        try:
            done = subprocess.run(
                self.command, capture_output=True, text=True, check=False,
                timeout=PROGRAM_TIMEOUT_SECONDS, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            return None
        match = VERSION.search(done.stdout + done.stderr)
        return match.group() if match else None


@dataclass(frozen=True)
class RevisionFile:
    """A file with the commit of a repository that was copied into the image."""

    path: Path

    def read(self) -> str | None:
        """The commit."""
        return (self.path.read_text().strip() or None) if self.path.is_file() else None
