"""What an operator that runs says about itself, and what its process takes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import urllib.request
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def wait_until_synced(process: subprocess.Popen[bytes], port: int) -> None:
    """Return when the operator has all objects, so that its start is not measured."""
    while process.poll() is None:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30),
        ):
            return
        time.sleep(0.2)
    raise RuntimeError(f"the operator has ended with exit code {process.returncode}")


def metrics(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def writes(port: int) -> float:
    return sum(
        value for name, value in metrics(port).items()
        if name.startswith("dubjob_api_requests_total") and 'method="GET"' not in name
    )  # fmt: skip


def cpu_seconds(pid: int) -> float:
    """User and system time (fields 14 and 15 of proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid: int) -> float:
    """Resident megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1000
    return 0.0
