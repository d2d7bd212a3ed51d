"""Report steps with their elapsed time, and long ones with their progress."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

HEARTBEAT_SECONDS = 15.0
"""Interval at which a running step is reported."""

_STARTED = time.monotonic()


def say(text: str) -> None:
    """Print one line with the seconds since the program started."""
    print(f"[{time.monotonic() - _STARTED:6.1f} s] {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(title: str, progress: Callable[[], str] | None = None) -> Iterator[None]:
    """Report the start and the duration of a step; `progress` describes a long step."""
    say(f"{title} …")
    started = time.monotonic()
    done = threading.Event()

    def beat() -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            detail = f": {progress()}" if progress else ""
            say(f"{title} … {time.monotonic() - started:.0f} s{detail}")

    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        yield
    finally:
        done.set()
        heart.join()
    say(f"{title}: done in {time.monotonic() - started:.1f} s")


def main() -> int:
    """Run a command as one step: ``python3 -m local_cluster.steps TITLE COMMAND…``."""
    title, *command = sys.argv[1:]
    with step(title):
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
