"""The next step of a DubJob: at most one Job to create, and Jobs to delete. What suspension does to
a running Job is in :mod:`dubjob_operator.planning.current_stage`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dubjob_operator import reasons
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning import deadlines
from dubjob_operator.planning.current_stage import current
from dubjob_operator.planning.manifests import job_name, stage_job
from dubjob_operator.planning.observation import Observed, ObservedJob
from dubjob_operator.planning.pod_end import lost_at
from dubjob_operator.planning.profile_use import ProfileProblem, usable_profile
from dubjob_operator.planning.restart import restart_at
from dubjob_operator.planning.stage_from_job import quiet_until

PROGRESS_SECONDS = 15.0
"""Interval at which a running stage is reconciled, for its progress."""
ENDING = deadlines.REASONS | {reasons.SCRATCH_FULL}
"""Reasons of a failed stage whose Job would continue."""


@dataclass(frozen=True)
class Plan:
    """The next step."""

    create: dict[str, Any] | None = None
    """The Job to create."""
    delete: tuple[ObservedJob, ...] = field(default=())
    requeue_after: float | None = None
    """Seconds until the next reconcile if no watch event arrives."""


def plan(
    dubjob: DubJob,
    profile: DubProfile | ProfileProblem | None,
    observed: Observed,
    entries: Sequence[StageStatus],
    now: datetime,
) -> Plan:
    """The next step of the DubJob; `entries` are the states of its stages."""
    entry = current(entries)
    wanted = {job_name(dubjob, each) for each in entries}
    done = {job_name(dubjob, each) for each in entries if each.state is StageState.SUCCEEDED}
    delete = [
        job
        for job in observed.jobs
        if job.is_active
        and (job.name not in wanted or (job.name in done and _is_held(job, failed=True)))
    ]
    if entry is None:
        return Plan(delete=tuple(delete))
    own = observed.job(job_name(dubjob, entry))
    if entry.state is StageState.FAILED:
        ends = entry.reason in ENDING or bool(own and _is_held(own, failed=False))
        return Plan(delete=tuple([*delete, own] if own and own.is_active and ends else delete))
    usable = usable_profile(dubjob, profile)
    create = None
    if (
        entry.state is StageState.PENDING
        and own is None
        and not dubjob.spec.suspend
        and isinstance(usable, DubProfile)
        and not delete
        # Two pods must not write to one folder.
        and not any(job.is_active and job.name not in done for job in observed.jobs)
        and not any(pod.is_live for pod in observed.pods)
    ):
        node = _node(entries) if usable.spec.same_node else None
        create = stage_job(dubjob, usable, entry, node)
    again = _requeue_after(dubjob, profile, entries, entry, own, now)
    return Plan(create=create, delete=tuple(delete), requeue_after=again)


def _is_held(job: ObservedJob, *, failed: bool) -> bool:
    """Whether the stage has ended, and its Job does not know: another container still runs, or
    has `failed` the pod."""
    latest = job.pods[-1] if job.pods else None
    if latest is None or latest.exit_code is None:
        return False
    return not latest.has_ended or (failed and latest.phase == "Failed")


def _requeue_after(
    dubjob: DubJob,
    profile: DubProfile | ProfileProblem | None,
    entries: Sequence[StageStatus],
    entry: StageStatus,
    job: ObservedJob | None,
    now: datetime,
) -> float | None:
    """Seconds until something is due that no watch event announces."""
    due = []
    limit = deadlines.nearest_limit(dubjob, profile, entries, entry, job, now)
    if limit:
        due.append(max(limit.left, 0.0) + 1.0)
    if entry.state is StageState.RUNNING:
        due.append(PROGRESS_SECONDS)
    if entry.reason == reasons.STARTING:
        due.append(deadlines.patience_left(entry, now))
    if entry.state is StageState.PENDING and not entry.reason:
        due.append(deadlines.old_pod_patience_left(entries, entry, now))
    due = [seconds for seconds in due if seconds > 0]
    times = [restart_at(entry), lost_at(job.pods[-1]) if job and job.pods else None]
    due.extend((at - now).total_seconds() for at in times if at and now < at)
    quiet = quiet_until(entry, job) if job and job.is_active else None
    if quiet and now < quiet:
        due.append((quiet - now).total_seconds())
    return min(due, default=None)


def _node(entries: Sequence[StageStatus]) -> str | None:
    """The node of the previous stage."""
    nodes = [entry.node_name for entry in entries if entry.node_name and entry.completion_time]
    return nodes[-1] if nodes else None
