"""Start programs in the background and stop them again, by the id that was recorded."""

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
"""How long a program may take to end before it is killed."""

_STARTED: list[subprocess.Popen[bytes]] = []
"""What this process has started: it outlives us, and is none of a garbage collector's."""


@dataclass(frozen=True)
class Background:
    """Programs of one cluster. `records` holds a file for each: process id and
    start time, so that an id the kernel gave to another program is never ended."""

    records: Path
    logs: Path

    def start(self, name: str, command: Sequence[str | Path], folder: Path | None = None) -> None:
        """Start `command` unless it runs; its output goes to `<logs>/<name>.log`."""
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
        """True where the recorded program is still that program."""
        return self._pid(name) is not None

    def stop(self, name: str) -> None:
        """End the program: SIGTERM, and SIGKILL after :data:`STOP_SECONDS`."""
        pid = self._pid(name)
        if pid is not None:
            _end(pid)
        self._record(name).unlink(missing_ok=True)

    def check(self, name: str) -> None:
        """Raise :class:`ClusterError` with the log's end where the program is gone."""
        if not self.is_running(name):
            raise ClusterError(f"{name} ended: {self.last_words(name)}")

    def last_words(self, name: str, lines: int = 8) -> str:
        """The end of the program's log."""
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


def _end(pid: int) -> None:
    begun = _start_time(pid)
    for number, patience in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            _reap()
            if _start_time(pid) is None or _start_time(pid) != begun:
                return
            time.sleep(0.05)


def _reap() -> None:
    """Take note of what has ended of our own; it would stay a zombie."""
    _STARTED[:] = [process for process in _STARTED if process.poll() is None]


def _start_time(pid: int) -> int | None:
    """When the process started, in clock ticks since boot (field 22 of
    ``/proc/<pid>/stat``, see proc(5)); None where it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else int(fields[19])
