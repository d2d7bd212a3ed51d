"""New runs of a stage that did not fail by itself: its pods never started, or another container
holds a failed one, so that its Job cannot retry it."""

from __future__ import annotations

from datetime import datetime, timedelta

from dubjob_operator import reasons
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import MAX_DISRUPTIONS, DubProfile
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning import failure_messages, messages
from dubjob_operator.planning.observation import Observed, ObservedJob
from dubjob_operator.planning.pod_end import has_sidecar_left, is_rejected
from dubjob_operator.planning.profile_use import ProfileProblem
from dubjob_operator.planning.run_time import settled
from dubjob_operator.planning.settings import backoff_limit
from dubjob_operator.planning.stage_entry import continued, ended, moved_to
from dubjob_operator.planning.times import parse

FIRST_DELAY_SECONDS = 10.0
"""Delay of the first new run; each further one takes twice as long."""
LONGEST_DELAY_SECONDS = 300.0


def restarted(
    dubjob: DubJob,
    entries: list[StageStatus],
    profile: DubProfile | ProfileProblem | None,
    observed: Observed,
    now: datetime,
) -> list[StageStatus]:
    """The entries with a new run of the current stage if its Job ended, or cannot continue, for
    another reason than the failures of the stage."""
    entry = next((each for each in entries if each.state is not StageState.SUCCEEDED), None)
    job = observed.job(entry.job_name or "") if entry else None
    if entry is None or job is None or not _is_new(dubjob, entry):
        return entries
    rejected = sum(is_rejected(pod) for pod in job.failures)
    own = len(job.failures) - rejected
    if _is_held(job, now) and entry.state is StageState.RETRYING:
        own += 1
    elif job.failed_reason != reasons.BACKOFF_LIMIT_EXCEEDED or not rejected:
        return entries
    counted = entry.model_copy(
        update={
            "failures": ((entry.failures or 0) + own) or None,
            "disruptions": ((entry.disruptions or 0) + rejected) or None,
        }
    )
    again = _next(dubjob, counted, profile, now)
    return [again if each.name == entry.name else each for each in entries]


def restart_at(entry: StageStatus) -> datetime | None:
    """When the Job of a new run is created, None if the stage does not wait for one."""
    if entry.state is not StageState.RETRYING or entry.job_name or not entry.since:
        return None
    earlier = max((entry.failures or 0) + (entry.disruptions or 0), 1)
    delay = min(FIRST_DELAY_SECONDS * 2.0 ** min(earlier - 1, 10), LONGEST_DELAY_SECONDS)
    return parse(entry.since) + timedelta(seconds=delay)


def without_job(entry: StageStatus, now: datetime) -> StageStatus:
    """The entry of an unfinished stage that has no Job: not created yet, or deleted by a user."""
    at = restart_at(entry)
    if at and now < at:
        return entry
    if at or entry.job_name:
        return moved_to(settled(entry, now), StageState.PENDING, now)
    return entry


def _is_new(dubjob: DubJob, entry: StageStatus) -> bool:
    """Whether the failure is not recorded yet."""
    if entry.state is not StageState.FAILED:
        return entry.state is StageState.RETRYING
    recorded = dubjob.status.of(entry.name)
    known = recorded and recorded.state is StageState.FAILED and recorded.run == entry.run
    return not known


def _is_held(job: ObservedJob, now: datetime) -> bool:
    return bool(job.pods) and has_sidecar_left(job.pods[-1], now)


def _next(
    dubjob: DubJob,
    entry: StageStatus,
    profile: DubProfile | ProfileProblem | None,
    now: datetime,
) -> StageStatus:
    """The next run of the stage, or its failure at a limit."""
    usable = profile if isinstance(profile, DubProfile) else None
    allowed = usable.spec.max_disruptions if usable else MAX_DISRUPTIONS
    failures, disruptions = entry.failures or 0, entry.disruptions or 0
    if failures > backoff_limit(dubjob, usable):
        message = entry.message or ""
        if failures > 1:
            message = failure_messages.after_attempts(failures, message)
        return ended(moved_to(entry, StageState.FAILED, now, entry.reason, message), now)
    if disruptions > allowed:
        message = messages.too_many_rejections(
            entry.name, disruptions, str(dubjob.profile), allowed, entry.message or ""
        )
        reason = reasons.TOO_MANY_DISRUPTIONS
        return ended(moved_to(entry, StageState.FAILED, now, reason, message), now)
    return moved_to(continued(entry, now), StageState.RETRYING, now, entry.reason, entry.message)
