"""What to do now: at most one Job to create, and those to delete."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dubjob_operator.api.dubjob import DubJob, StageState
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.planning.deadlines import start_deadline_left
from dubjob_operator.planning.manifests import job_name, stage_job
from dubjob_operator.planning.observation import Observed, ObservedJob
from dubjob_operator.planning.profile_use import ProfileProblem, usable_profile
from dubjob_operator.planning.stage_states import current, is_fault, stage_states

PROGRESS_SECONDS = 10.0
"""A running stage is looked at this often, for its progress."""


@dataclass(frozen=True)
class Plan:
    """What to do now."""

    create: dict[str, Any] | None = None
    """The Job to create."""
    delete: tuple[ObservedJob, ...] = field(default=())
    requeue_after: float | None = None
    """Seconds after which to look again, though nothing was heard."""


def plan(
    dubjob: DubJob,
    profile: DubProfile | ProfileProblem | None,
    observed: Observed,
    now: datetime,
) -> Plan:
    """What brings the DubJob one step on."""
    entries = stage_states(dubjob, profile, observed, now)
    entry = current(entries)
    wanted = {job_name(dubjob, each) for each in entries}
    delete = [job for job in observed.jobs if job.is_active and job.name not in wanted]
    if entry is None:
        return Plan(delete=tuple(delete))
    own = observed.job(job_name(dubjob, entry))
    if entry.state is StageState.FAILED:
        delete += [own] if own and own.is_active and not _has_failed_pod(own) else []
        return Plan(delete=tuple(delete))
    usable = usable_profile(dubjob, profile)
    create = None
    if (
        entry.state is StageState.PENDING
        and own is None
        and isinstance(usable, DubProfile)
        and not delete
        # Never two writers in one folder.
        and not any(pod.is_live for pod in observed.pods)
    ):
        create = stage_job(dubjob, usable, entry)
    requeue = None
    if entry.state is StageState.RUNNING:
        requeue = PROGRESS_SECONDS
    elif is_fault(entry):
        requeue = max(start_deadline_left(dubjob, entry, now), 0.0) + 1.0
    return Plan(create=create, delete=tuple(delete), requeue_after=requeue)


def _has_failed_pod(job: ObservedJob) -> bool:
    """True where the Job is about to fail by itself."""
    return any(pod.phase == "Failed" for pod in job.pods)
