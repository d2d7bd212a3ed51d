"""Run other programs and wait for them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from local_cluster.errors import ClusterError

QUOTED_CHARACTERS = 2000
"""How much of the output of a failed program its error message quotes."""


def run(
    *command: str | Path,
    folder: Path | None = None,
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a program and return its standard output.

    Raises :class:`ClusterError` with the end of its output if it fails.
    """
    done = attempt(*command, folder=folder, stdin=stdin, environment=environment)
    if done.returncode != 0:
        output = (done.stderr or done.stdout).strip()[-QUOTED_CHARACTERS:]
        line = " ".join(str(part) for part in command)
        raise ClusterError(f"`{line[:200]}` failed with exit code {done.returncode}: {output}")
    return done.stdout


def attempt(
    *command: str | Path,
    folder: Path | None = None,
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program, whatever its exit code."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        input=stdin,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
