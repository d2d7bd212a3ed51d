"""Errors of the command and of the Python package: each message is a sentence for the user."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """Exit codes of the command ``dub``."""

    COMPLETE = 0
    FAILED = 1
    USAGE = 2
    TIMEOUT = 3
    AWAITS_REVIEW = 4


class DubError(Exception):
    """Something that was asked for cannot be done. The text names the object, what was found
    and what to do."""

    status: ExitStatus = ExitStatus.FAILED


class NotFoundError(DubError):
    """An object or a file does not exist."""


class UnreachableError(DubError):
    """The cluster does not answer."""


class UsageError(DubError):
    """An argument is invalid."""

    status = ExitStatus.USAGE


class WaitTimeoutError(DubError):
    """A dub did not finish in time. It goes on."""

    status = ExitStatus.TIMEOUT
