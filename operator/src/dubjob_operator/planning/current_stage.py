"""The current stage: suspended, unable to start, or failed at a limit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dubjob_operator import reasons
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning import messages
from dubjob_operator.planning.deadlines import nearest_limit, old_pod_patience_left
from dubjob_operator.planning.failure_policy import disruptions
from dubjob_operator.planning.manifests import job_name
from dubjob_operator.planning.observation import Observed, ObservedJob
from dubjob_operator.planning.profile_use import ProfileProblem, usable_profile
from dubjob_operator.planning.same_node import without_lost_node
from dubjob_operator.planning.scheduling import queue_labels
from dubjob_operator.planning.stage_entry import continued, ended, moved_to


def current(entries: Sequence[StageStatus]) -> StageStatus | None:
    """The first stage that has not succeeded; None when all have."""
    return next((entry for entry in entries if entry.state is not StageState.SUCCEEDED), None)


def suspended(
    dubjob: DubJob, entries: list[StageStatus], observed: Observed, now: datetime
) -> list[StageStatus]:
    """The entries with the current stage suspended. Its Job is deleted; it will run again."""
    stopped = current(entries)
    if not dubjob.spec.suspend or stopped is None:
        return entries
    if stopped.state in (StageState.FAILED, StageState.AWAITING_REVIEW):
        return entries
    if not isinstance(stopped.state, StageState):
        return entries
    if stopped.job_name or observed.job(job_name(dubjob, stopped)):
        stopped = continued(stopped, now)
    reason, message = reasons.SUSPENDED, messages.SUSPENDED
    stopped = moved_to(stopped, StageState.PENDING, now, reason, message)
    return _with(entries, stopped)


def limited(
    dubjob: DubJob,
    entries: list[StageStatus],
    profile: DubProfile | ProfileProblem | None,
    observed: Observed,
    now: datetime,
    refused: ProfileProblem | None = None,
) -> list[StageStatus]:
    """The entries with the current stage saying why it cannot start, and failed at its limits.
    `refused`: why its Job could not be created, if that was tried."""
    entry = current(entries)
    if entry is None or (dubjob.spec.suspend and entry.reason == reasons.SUSPENDED):
        return entries
    entries = without_lost_node(dubjob, entries, observed, now)
    entry = current(entries) or entry
    job = observed.job(entry.job_name or "")
    if job is None and entry.state in (StageState.PENDING, StageState.QUEUED):
        usable = refused or usable_profile(dubjob, profile)
        is_patient = old_pod_patience_left(entries, entry, now) > 0
        entry = _not_created(dubjob, entry, usable, observed, now, is_patient=is_patient)
    limit = nearest_limit(dubjob, profile, entries, entry, job, now)
    if limit and limit.left <= 0:
        entry = _failed(entry, limit.reason, limit.message, now)
    if entry.state is StageState.RETRYING and job and isinstance(profile, DubProfile):
        entry = _disrupted_too_often(dubjob, entry, profile, job, now)
    return _with(entries, entry)


def _disrupted_too_often(
    dubjob: DubJob, entry: StageStatus, profile: DubProfile, job: ObservedJob, now: datetime
) -> StageStatus:
    """The entry, failed if the cluster ended too many of its pods. A queue may take turns as often
    as it likes."""
    if queue_labels(dubjob, profile.spec):
        return entry
    allowed = profile.spec.max_disruptions
    count = disruptions(entry.attempts, job) + (entry.disruptions or 0)
    if count <= allowed:
        return entry
    message = messages.too_many_disruptions(entry.name, count, str(dubjob.profile), allowed)
    return _failed(entry, reasons.TOO_MANY_DISRUPTIONS, message, now)


def _not_created(
    dubjob: DubJob,
    entry: StageStatus,
    usable: DubProfile | ProfileProblem,
    observed: Observed,
    now: datetime,
    *,
    is_patient: bool,
) -> StageStatus:
    """The entry of a stage without a Job: why none can be created, or pending."""
    if not isinstance(usable, ProfileProblem):
        return _behind_old_pod(dubjob, entry, observed, now, is_patient=is_patient)
    waits = usable.reason == reasons.QUOTA_EXCEEDED
    state = StageState.QUEUED if waits else StageState.PENDING
    return moved_to(entry, state, now, usable.reason, usable.message)


def _behind_old_pod(
    dubjob: DubJob, entry: StageStatus, observed: Observed, now: datetime, *, is_patient: bool
) -> StageStatus:
    """The entry of a stage that is about to start, or waits for the end of an old pod. A pod that
    is seen before its Job also looks old, `is_patient`: for a moment."""
    old = next((pod for pod in observed.pods if pod.is_live), None)
    known = entry.reason == reasons.OLD_POD
    if old is None or (is_patient and not known):
        return moved_to(entry, StageState.PENDING, now)
    message = messages.old_pod_left(dubjob.metadata.namespace, old.name, old.node)
    return moved_to(entry, StageState.PENDING, now, reasons.OLD_POD, message)


def _failed(entry: StageStatus, reason: str, message: str, now: datetime) -> StageStatus:
    return ended(moved_to(entry, StageState.FAILED, now, reason, message), now)


def _with(entries: list[StageStatus], changed: StageStatus) -> list[StageStatus]:
    return [changed if entry.name == changed.name else entry for entry in entries]
