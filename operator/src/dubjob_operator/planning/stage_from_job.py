"""What one stage's Job and its pods show: the stage's state, and why."""

from __future__ import annotations

from datetime import datetime

from dubjob_operator import reasons
from dubjob_operator.api.dubjob import DubJob, StageState, StageStatus
from dubjob_operator.planning import failure_policy, messages, start_faults
from dubjob_operator.planning.deadlines import BLINK_SECONDS, PATIENCE_SECONDS, patience_left
from dubjob_operator.planning.observation import ObservedJob, ObservedPod
from dubjob_operator.planning.stage_entry import ended, moved_to
from dubjob_operator.planning.times import seconds_since
from dubstage.contract.summary import StageSummary, scaled


def from_job(dubjob: DubJob, entry: StageStatus, job: ObservedJob, now: datetime) -> StageStatus:
    """The entry as its Job shows it. `entry` is what was recorded of the stage."""
    if unremarkable_for(entry, job, now) > 0:
        retrying = entry.state is StageState.RETRYING
        return entry if retrying else moved_to(entry, StageState.PENDING, now)
    latest = job.pods[-1] if job.pods else None
    entry = _with_pod(entry, job, latest)
    done = job.succeeded
    profile = dubjob.profile_name
    if done or job.complete:
        return _succeeded(entry, done, now)
    if job.failed_reason or (latest and failure_policy.is_final(latest)):
        failure = failure_policy.explain_job(entry.name, job, profile)
        return ended(moved_to(entry, StageState.FAILED, now, failure.reason, failure.message), now)
    if latest and latest.is_running:
        return moved_to(entry, StageState.RUNNING, now)
    if latest and latest.phase == "Failed":
        failure = failure_policy.explain(entry.name, latest, profile)
        return moved_to(entry, StageState.RETRYING, now, failure.reason, failure.message)
    if latest is None:
        return _without_pod(entry, job, now)
    return _not_started(dubjob, entry, latest, now)


def unremarkable_for(entry: StageStatus, job: ObservedJob, now: datetime) -> float:
    """Seconds for which it is not yet worth a word that the Job has not started."""
    if job.complete or job.failed_reason:
        return 0.0
    if not job.pods:
        return _without_pod_unremarkable_for(entry, job, now)
    latest = job.pods[-1]
    if latest.is_running or latest.phase != "Pending":
        return 0.0
    return max(BLINK_SECONDS - seconds_since(latest.created, now), 0.0)


def _without_pod_unremarkable_for(entry: StageStatus, job: ObservedJob, now: datetime) -> float:
    if job.suspended or job.refused or _was_refused(entry, job):
        return max(BLINK_SECONDS - seconds_since(job.created, now), 0.0)
    had_one = entry.state in (StageState.RUNNING, StageState.PULLING)
    if had_one or entry.reason == reasons.UNSCHEDULABLE:
        return PATIENCE_SECONDS
    waits = entry.state in (StageState.PENDING, StageState.RETRYING)
    begun = max(job.created, job.started, (entry.since or "") if waits else "")
    return max(PATIENCE_SECONDS - seconds_since(begun, now), 0.0)


def _was_refused(entry: StageStatus, job: ObservedJob) -> bool:
    """True where the recorded reason is all that is known, as after the operator's start."""
    recorded = entry.reason in (reasons.QUOTA_EXCEEDED, reasons.POD_REFUSED)
    return job.refused is None and entry.state is StageState.QUEUED and recorded


def _without_pod(entry: StageStatus, job: ObservedJob, now: datetime) -> StageStatus:
    """Of a Job that has no pod: held back, refused, or not seen to."""
    if job.suspended:
        reason, message = reasons.AWAITING_ADMISSION, messages.AWAITING_ADMISSION
        return moved_to(entry, StageState.QUEUED, now, reason, message)
    refusal = messages.sentence(job.refused or "")
    if "exceeded quota" in refusal:
        return moved_to(entry, StageState.QUEUED, now, reasons.QUOTA_EXCEEDED, refusal)
    if refusal:
        return moved_to(entry, StageState.QUEUED, now, reasons.POD_REFUSED, refusal)
    if _was_refused(entry, job):
        return entry
    return moved_to(entry, StageState.QUEUED, now, reasons.NO_POD, messages.NO_POD)


def _not_started(
    dubjob: DubJob, entry: StageStatus, pod: ObservedPod, now: datetime
) -> StageStatus:
    """Of a pod that is pending: waiting for capacity, for its image, or for help."""
    if pod.unschedulable:
        message = messages.sentence(pod.unschedulable)
        if "persistentvolumeclaim" in pod.unschedulable:
            return moved_to(entry, StageState.PULLING, now, reasons.CLAIM_MISSING, message)
        return moved_to(entry, StageState.QUEUED, now, reasons.UNSCHEDULABLE, message)
    if pod.waiting_reason in start_faults.POD_FAULTS:
        message = messages.sentence(pod.waiting_message)
        return moved_to(entry, StageState.PULLING, now, pod.waiting_reason, message)
    known = entry.reason == reasons.NO_SANDBOX
    lasts = entry.reason == reasons.STARTING and patience_left(entry, now) <= 0
    if pod.without_sandbox and (known or lasts):
        namespace = dubjob.metadata.namespace
        message = messages.pod_not_ready(namespace, pod.name, pod.node)
        return moved_to(entry, StageState.PULLING, now, reasons.NO_SANDBOX, message)
    return moved_to(entry, StageState.PULLING, now, reasons.STARTING, messages.STARTING)


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
    if latest.node:
        update["node_name"] = latest.node
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
        update |= {
            "elapsed_milliseconds": scaled(result.seconds, 1000),
            "source_language": result.source_language,
            "summary": shown(result.summary),
            "reused": result.reused or None,
            "imports": result.imported or None,
        }
    entry = ended(entry, now, pod.finished if pod else None)
    return entry.model_copy(update=update)


def shown(summary: StageSummary | None) -> StageSummary | None:
    """`summary`, or None where there is nothing in it."""
    return None if summary in (None, StageSummary()) else summary
