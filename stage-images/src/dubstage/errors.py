"""The failures of a stage, and their exit codes.

::

    StageError
    ├── BadInput          65  the user's input cannot be dubbed
    ├── NoInput           66  a file of an earlier stage is gone
    ├── TemporaryFailure  75  another attempt may succeed
    └── Misconfigured     78  a model is missing, or an engine setting is wrong

Every message is a sentence for the person who wrote the DubJob: it names the object, what
happened, what was expected, and what to do.
"""

from __future__ import annotations

from dubstage.contract import ExitCode, Stage


class StageError(Exception):
    """A failure that a stage expects; its text is shown in the status."""

    exit_code = ExitCode.TEMPFAIL
    reason = "StageFailed"

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        if reason:
            self.reason = reason


class BadInput(StageError):
    """The input cannot be dubbed; `reason` is one CamelCase word."""

    exit_code = ExitCode.DATAERR
    reason = "BadInput"


class NoInput(StageError):
    """A file that the stage `missing_from` wrote is gone."""

    exit_code = ExitCode.NOINPUT
    reason = "InputMissing"

    def __init__(self, message: str, *, missing_from: Stage) -> None:
        super().__init__(message)
        self.missing_from = missing_from


class TemporaryFailure(StageError):
    """Something outside the stage failed: the network, a full volume."""

    exit_code = ExitCode.TEMPFAIL
    reason = "TemporaryFailure"


class Misconfigured(StageError):
    """A model or a setting is missing or wrong: an administrator has to act."""

    exit_code = ExitCode.CONFIG
    reason = "Misconfigured"
