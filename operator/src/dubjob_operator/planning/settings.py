"""Settings that a DubJob, its profile or a default decides, in this order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.options import Deadlines
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.planning.profile_use import ProfileProblem

BACKOFF_LIMIT = 2


class Deadline(str, Enum):
    """A field of ``deadlines``."""

    START = "startSeconds"
    QUEUE = "queueSeconds"
    ACTIVE = "activeSeconds"

    def of(self, deadlines: Deadlines | None) -> int | None:
        """The seconds in `deadlines`, None if omitted."""
        if deadlines is None:
            return None
        match self:
            case Deadline.START:
                return deadlines.start_seconds
            case Deadline.QUEUE:
                return deadlines.queue_seconds
            case Deadline.ACTIVE:
                return deadlines.active_seconds


DEFAULTS = {Deadline.START: 600}
"""Seconds; the other deadlines have no default and never pass."""


@dataclass(frozen=True)
class Allowed:
    """A deadline that applies."""

    seconds: int
    origin: str
    """Where it was set, as a message names it."""


def allowed(
    dubjob: DubJob, profile: DubProfile | ProfileProblem | None, deadline: Deadline
) -> Allowed | None:
    """The deadline that applies, None if there is none."""
    own = deadline.of(dubjob.spec.deadlines)
    if own is not None:
        return Allowed(own, f"spec.deadlines.{deadline.value}")
    if isinstance(profile, DubProfile):
        given = deadline.of(profile.spec.deadlines)
        if given is not None:
            origin = f"deadlines.{deadline.value} of {profile}"
            return Allowed(given, origin)
    default = DEFAULTS.get(deadline)
    return None if default is None else Allowed(default, f"the default of {deadline.value}")


def backoff_limit(dubjob: DubJob, profile: DubProfile | None) -> int:
    """Number of retries of a stage after transient failures."""
    given = (dubjob.spec.backoff_limit, profile.spec.backoff_limit if profile else None)
    return next((limit for limit in given if limit is not None), BACKOFF_LIMIT)
