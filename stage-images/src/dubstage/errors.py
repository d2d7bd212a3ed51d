"""How a stage fails, and with which exit code.

::

    StageError
    ├── BadInput        65  what a person gave cannot be dubbed
    ├── NoInput         66  a file of an earlier stage is gone
    ├── TemporaryFailure 75 worth another pod
    └── Misconfigured   78  a model is missing, an engine setting is wrong

Every message is a sentence for the person who wrote the DubJob: it names the
object, what was found, what was expected, and the remedy.
"""

from __future__ import annotations

from dubstage.contract import ExitCode, Stage


class StageError(Exception):
    """A failure that a stage foresaw; its text is shown in the status."""

    exit_code = ExitCode.TEMPFAIL
    reason = "StageFailed"

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        if reason:
            self.reason = reason


class BadInput(StageError):
    """The input cannot be dubbed; `reason` says why in one CamelCase word."""

    exit_code = ExitCode.DATAERR
    reason = "BadInput"


class NoInput(StageError):
    """A file that `missing_from` wrote is gone."""

    exit_code = ExitCode.NOINPUT
    reason = "InputMissing"

    def __init__(self, message: str, *, missing_from: Stage) -> None:
        super().__init__(message)
        self.missing_from = missing_from


class TemporaryFailure(StageError):
    """Something outside failed: the network, a full disk."""

    exit_code = ExitCode.TEMPFAIL
    reason = "TemporaryFailure"


class Misconfigured(StageError):
    """An administrator must act: a model or a setting is missing or wrong."""

    exit_code = ExitCode.CONFIG
    reason = "Misconfigured"
