"""Start programs in the background, and stop them by their recorded process ID."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local_cluster.errors import ClusterError

STOP_SECONDS = 10.0
"""Seconds that a program has to exit before it is killed."""

_STARTED: list[subprocess.Popen[bytes]] = []
"""Processes that this process has started; they outlive it. Keeps them from garbage collection."""


@dataclass(frozen=True)
class Background:
    """The programs of one cluster.

    `records` is a folder with a file per program: process ID and start time. A process to which
    the kernel has given the same ID later is never stopped.
    """

    records: Path
    logs: Path

    def start(self, name: str, command: Sequence[str | Path], folder: Path | None = None) -> None:
        """Start `command` unless it is running, with its output in `<logs>/<name>.log`."""
        if self.is_running(name):
            return
        self.records.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        _STARTED.append(process)
        record = {"pid": process.pid, "started": _start_time(process.pid)}
        self._record(name).write_text(json.dumps(record))

    def is_running(self, name: str) -> bool:
        """Whether the recorded process is still running."""
        return self._pid(name) is not None

    def stop(self, name: str) -> None:
        """Stop the program with SIGTERM, or with SIGKILL after :data:`STOP_SECONDS`."""
        pid = self._pid(name)
        if pid is not None:
            _terminate(pid)
        self._record(name).unlink(missing_ok=True)

    def check(self, name: str) -> None:
        """Raise :class:`ClusterError` with the end of the log if the program has exited."""
        if not self.is_running(name):
            raise ClusterError(f"{name} exited: {self.log_tail(name)}")

    def log_tail(self, name: str, lines: int = 8) -> str:
        """Return the end of the log of the program."""
        log = self.logs / f"{name}.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _record(self, name: str) -> Path:
        return self.records / f"{name}.json"

    def _pid(self, name: str) -> int | None:
        try:
            record = json.loads(self._record(name).read_text())
        except (OSError, ValueError):
            return None
        pid = int(record["pid"])
        _reap()
        return pid if _start_time(pid) == record["started"] else None


def _terminate(pid: int) -> None:
    started = _start_time(pid)
    for number, timeout in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            _reap()
            if _start_time(pid) is None or _start_time(pid) != started:
                return
            time.sleep(0.05)


def _reap() -> None:
    """Reap child processes that have exited, so that none stays a zombie."""
    _STARTED[:] = [process for process in _STARTED if process.poll() is None]


def _start_time(pid: int) -> int | None:
    """Return the start time of the process in clock ticks since boot, or None if it has exited.

    It is field 22 of ``/proc/<pid>/stat``; see proc(5).
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else int(fields[19])
