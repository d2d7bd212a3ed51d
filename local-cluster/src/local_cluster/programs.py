"""Run other programs to their end."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from local_cluster.errors import ClusterError

LAST_WORDS = 2000
"""Characters of a failed program's output that its error quotes."""


def run(
    *command: str | Path,
    folder: Path | None = None,
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """The program's standard output.

    Raises :class:`ClusterError` with the program's last words where it fails.
    """
    done = attempt(*command, folder=folder, stdin=stdin, environment=environment)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()[-LAST_WORDS:]
        line = " ".join(str(part) for part in command)
        raise ClusterError(f"`{line[:200]}` ended with {done.returncode}: {words}")
    return done.stdout


def attempt(
    *command: str | Path,
    folder: Path | None = None,
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """The finished program, whatever its exit status."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        input=stdin,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
