"""The limits of waiting and running. Each ends a stage with its own reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dubjob_operator import reasons
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning import messages
from dubjob_operator.planning.observation import ObservedJob
from dubjob_operator.planning.profile_use import ProfileProblem
from dubjob_operator.planning.run_time import active_seconds
from dubjob_operator.planning.settings import Allowed, Deadline, allowed
from dubjob_operator.planning.start_faults import is_fault
from dubjob_operator.planning.times import seconds_since

DEBOUNCE_SECONDS = 5.0
"""A change that only the status shows is reported when it has lasted this long."""
PATIENCE_SECONDS = 60.0
"""A problem that Kubernetes may solve by itself is reported when it has lasted this long: a Job
without a pod and without a known reason (its controller is busy, with a thousand at once), a pod
whose volumes are not ready, an old pod that still exists."""

REASONS = frozenset(
    {
        reasons.START_DEADLINE_EXCEEDED,
        reasons.QUEUE_DEADLINE_EXCEEDED,
        reasons.ACTIVE_DEADLINE_EXCEEDED,
        reasons.STAGE_TIMEOUT,
        reasons.TOO_MANY_DISRUPTIONS,
    }
)
"""Reasons that end a stage whose Job would continue."""


@dataclass(frozen=True)
class Limit:
    """One limit of the current stage."""

    left: float
    """Seconds until the limit; 0 or less if it is reached."""
    reason: str
    message: str


def patience_left(entry: StageStatus, now: datetime) -> float:
    """Seconds until the stage has been in its state for :data:`PATIENCE_SECONDS`, then 0 or
    less."""
    return PATIENCE_SECONDS - seconds_since(entry.since, now)


def old_pod_patience_left(
    entries: Sequence[StageStatus], entry: StageStatus, now: datetime
) -> float:
    """Seconds until the current stage has been about to start for :data:`PATIENCE_SECONDS`, then
    0 or less. It has been pending since long before the stages before it ended."""
    ends = [other.completion_time or "" for other in entries]
    return PATIENCE_SECONDS - seconds_since(max([entry.since or "", *ends]), now)


def nearest_limit(
    dubjob: DubJob,
    profile: DubProfile | ProfileProblem | None,
    entries: Sequence[StageStatus],
    entry: StageStatus,
    job: ObservedJob | None,
    now: datetime,
) -> Limit | None:
    """The limit that the current stage reaches first, None if it has none."""
    limits = [
        limit
        for limit in (
            _start(allowed(dubjob, profile, Deadline.START), entry, now),
            _queue(allowed(dubjob, profile, Deadline.QUEUE), entry, now),
            _timeout(entry, job, now),
            _active(allowed(dubjob, profile, Deadline.ACTIVE), entries, entry, job, now),
        )
        if limit
    ]
    return min(limits, key=lambda limit: limit.left, default=None)


def _start(deadline: Allowed | None, entry: StageStatus, now: datetime) -> Limit | None:
    if deadline is None or not is_fault(entry):
        return None
    return Limit(
        deadline.seconds - seconds_since(entry.since, now),
        reasons.START_DEADLINE_EXCEEDED,
        messages.start_deadline_exceeded(
            entry.name, deadline.seconds, deadline.origin, entry.reason, entry.message or ""
        ),
    )


def _queue(deadline: Allowed | None, entry: StageStatus, now: datetime) -> Limit | None:
    if deadline is None or entry.state is not StageState.QUEUED or is_fault(entry):
        return None
    waited = (entry.queued_seconds or 0) + seconds_since(entry.since, now)
    return Limit(
        deadline.seconds - waited,
        reasons.QUEUE_DEADLINE_EXCEEDED,
        messages.queue_deadline_exceeded(
            entry.name, deadline.seconds, deadline.origin, entry.message or ""
        ),
    )


def _timeout(entry: StageStatus, job: ObservedJob | None, now: datetime) -> Limit | None:
    if entry.state is not StageState.RUNNING or job is None or job.timeout is None:
        return None
    if job.pods and job.pods[-1].finished:
        return None
    # The start time is by the clock of the node, which may be slow; `since` is by this one.
    begun = max(entry.start_time or "", entry.since or "")
    return Limit(
        job.timeout - seconds_since(begun, now),
        reasons.STAGE_TIMEOUT,
        messages.stage_timeout(entry.name, job.timeout),
    )


def _active(
    deadline: Allowed | None,
    entries: Sequence[StageStatus],
    entry: StageStatus,
    job: ObservedJob | None,
    now: datetime,
) -> Limit | None:
    if deadline is None or entry.state in (StageState.FAILED, StageState.AWAITING_REVIEW):
        return None
    left = deadline.seconds - active_seconds(entries, entry, job, now)
    is_running = entry.state is StageState.RUNNING
    if not is_running and left > 0:
        # No time passes. The stage must not start if none is left.
        return None
    message = messages.active_deadline_exceeded(
        entry.name, deadline.seconds, deadline.origin, is_running=is_running
    )
    return Limit(left, reasons.ACTIVE_DEADLINE_EXCEEDED, message)
