"""Say what is done while it is done: steps with elapsed time, long ones with progress."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

HEARTBEAT_SECONDS = 15.0
"""A step that takes longer says so this often."""

_BEGUN = time.monotonic()


def say(text: str) -> None:
    """One line for a person, with the seconds since the program started."""
    print(f"[{time.monotonic() - _BEGUN:6.1f} s] {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(title: str, progress: Callable[[], str] | None = None) -> Iterator[None]:
    """Announce `title`, then how long it took; `progress` says how far a long step is."""
    say(f"{title} …")
    begun = time.monotonic()
    done = threading.Event()

    def beat() -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            far = f": {progress()}" if progress else ""
            say(f"{title} … {time.monotonic() - begun:.0f} s{far}")

    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        yield
    finally:
        done.set()
        heart.join()
    say(f"{title}: done in {time.monotonic() - begun:.1f} s")


def main() -> int:
    """``python3 -m local_cluster.steps TITLE COMMAND…``: the command as one step."""
    title, *command = sys.argv[1:]
    with step(title):
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
