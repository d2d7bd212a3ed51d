"""What one stage's Job and its pods show: the stage's state, and why."""

from __future__ import annotations

from datetime import datetime

from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJob, Result, StageState, StageStatus
from dubjob_operator.planning import failure_policy
from dubjob_operator.planning.deadlines import timestamp
from dubjob_operator.planning.observation import ObservedJob, ObservedPod

CREATED = "JobCreated"
STARTING = "Starting"
CLAIM_MISSING = "ClaimNotFound"


def from_job(dubjob: DubJob, entry: StageStatus, job: ObservedJob, now: datetime) -> StageStatus:
    """The entry as its Job shows it. `entry` is what was recorded of the stage."""
    latest = job.pods[-1] if job.pods else None
    entry = _with_pod(entry, job, latest)
    done = next((pod for pod in job.pods if pod.phase == "Succeeded"), None)
    profile = dubjob.profile_name
    if done or job.complete:
        return _succeeded(entry, done, now)
    if job.failed_reason or (latest and failure_policy.is_final(latest)):
        failure = failure_policy.explain_job(entry.name, job, profile)
        return ended(moved_to(entry, StageState.FAILED, now, failure.reason, failure.message), now)
    if latest is None:
        return moved_to(entry, StageState.QUEUED, now, CREATED, "Waiting for the Job's pod.")
    if latest.phase == "Running":
        return moved_to(entry, StageState.RUNNING, now)
    if latest.phase == "Failed":
        failure = failure_policy.explain(entry.name, latest, profile)
        return moved_to(entry, StageState.RETRYING, now, failure.reason, failure.message)
    return _not_started(entry, latest, now)


def _not_started(entry: StageStatus, pod: ObservedPod, now: datetime) -> StageStatus:
    """Of a pod that is pending: waiting for capacity, for its image, or for help."""
    if pod.unschedulable:
        if "persistentvolumeclaim" in pod.unschedulable:
            return moved_to(entry, StageState.PULLING, now, CLAIM_MISSING, pod.unschedulable)
        return moved_to(entry, StageState.QUEUED, now, names.UNSCHEDULABLE, pod.unschedulable)
    if pod.waiting_reason in failure_policy.FAULTS:
        return moved_to(entry, StageState.PULLING, now, pod.waiting_reason, pod.waiting_message)
    return moved_to(entry, StageState.PULLING, now, STARTING, "The pod is starting.")


def _with_pod(entry: StageStatus, job: ObservedJob, latest: ObservedPod | None) -> StageStatus:
    """Names, times and the count of attempts. A pod that came and went unseen while
    no operator ran is not counted."""
    if latest is None:
        return entry.model_copy(update={"job_name": job.name})
    attempts = entry.attempts + (latest.name != entry.pod_name)
    update: dict[str, object] = {
        "job_name": job.name,
        "pod_name": latest.name,
        "attempts": max(attempts, len(job.pods)),
    }
    if latest.name != entry.pod_name:
        update |= {"start_time": None, "progress": None}
    if latest.started:
        update["start_time"] = latest.started
    return entry.model_copy(update=update)


def _succeeded(entry: StageStatus, pod: ObservedPod | None, now: datetime) -> StageStatus:
    result = pod.result if pod else None
    message = result.message if result else ""
    entry = moved_to(entry, StageState.SUCCEEDED, now, message=message)
    update: dict[str, object] = {"progress": 100}
    if result:
        update["result"] = Result(
            seconds=result.seconds,
            source_language=result.source_language,
            figures=result.figures or None,
        )
        update["reused"] = result.reused or None
    entry = ended(entry, now, pod.finished if pod else None)
    return entry.model_copy(update=update)


def moved_to(
    entry: StageStatus,
    state: StageState,
    now: datetime,
    reason: str | None = None,
    message: str | None = None,
) -> StageStatus:
    """The entry in `state`; `since` moves when the state does."""
    since = entry.since if entry.state is state and entry.since else timestamp(now)
    return entry.model_copy(
        update={"state": state, "since": since, "reason": reason, "message": message or None}
    )


def ended(entry: StageStatus, now: datetime, finished: str | None = None) -> StageStatus:
    """The entry with the time at which it ended: `finished`, or now."""
    if entry.completion_time:
        return entry
    return entry.model_copy(update={"completion_time": finished or timestamp(now)})
