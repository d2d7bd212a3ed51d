"""Errors of the command and of the Python package: each message is a sentence for the user."""

from __future__ import annotations

import re
from enum import IntEnum

from dubjob_operator.api.paths import HIDDEN

UNPRINTABLE = re.compile(f"{HIDDEN.pattern}|[\ud800-\udfff]")
"""Characters that a terminal obeys or cannot show."""


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

    @property
    def sentence(self) -> str:
        """The failure as the command prints it, in one line."""
        return f"dub: {printable(' '.join(str(self).split()))}"


class NotFoundError(DubError):
    """An object of the cluster does not exist."""


class ExistsError(DubError):
    """An object of that name exists already."""


class NoNamespaceError(NotFoundError):
    """The namespace does not exist."""


class NotInstalledError(NotFoundError):
    """The cluster does not know DubJobs."""


class ForbiddenError(DubError):
    """This account lacks a permission."""


class UnreachableError(DubError):
    """The cluster does not answer."""


class UsageError(DubError):
    """An argument is invalid, or the API server refuses a value."""

    status = ExitStatus.USAGE


class NoSuchFileError(UsageError, NotFoundError):
    """A file of this machine does not exist."""


class WaitTimeoutError(DubError):
    """A dub did not finish in time. It goes on."""

    status = ExitStatus.TIMEOUT


def printable(text: str) -> str:
    """`text` with escapes in place of characters that a terminal obeys: names and messages come
    from others."""
    return UNPRINTABLE.sub(lambda found: repr(found[0])[1:-1], text)
