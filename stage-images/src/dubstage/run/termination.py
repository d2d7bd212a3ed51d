"""SIGTERM ends a stage at once with exit code 143, also in the middle of a library call."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

from dubstage.contract import ExitCode

SIGNALS = {signal.SIGTERM, signal.SIGINT}


def exit_on_termination(clean_up: Callable[[], None]) -> None:
    """Make SIGTERM and SIGINT call `clean_up` and end the process with 143.

    A thread waits for the signal: Python runs its own handlers only after a call into a
    library returns, and recognizing speech is one long call. Call this before any other
    thread starts, because threads inherit the signal mask. `os._exit` ends ffmpeg as well,
    because in a pod this is process 1.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

    def wait() -> None:
        signal.sigwait(SIGNALS)
        try:
            clean_up()
        finally:
            os._exit(ExitCode.TERMINATED)

    threading.Thread(target=wait, name="termination", daemon=True).start()
