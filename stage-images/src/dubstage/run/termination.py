"""SIGTERM ends a stage at once with exit code 143, whatever it is doing."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

from dubstage.contract import ExitCode

SIGNALS = {signal.SIGTERM, signal.SIGINT}


def exit_on_termination(tidy: Callable[[], None]) -> None:
    """From now on SIGTERM and SIGINT run `tidy` and end the process with 143.

    A thread waits for the signal, because Python's own handlers wait for a call
    into a library to return, and recognising speech is one long call. Call it
    before any other thread starts: threads inherit the mask. `os._exit` ends
    ffmpeg too, since in a pod this is process 1.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

    def wait() -> None:
        signal.sigwait(SIGNALS)
        try:
            tidy()
        finally:
            os._exit(ExitCode.TERMINATED)

    threading.Thread(target=wait, name="termination", daemon=True).start()
