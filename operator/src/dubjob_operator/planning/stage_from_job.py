"""The state of a stage, and why, from its Job and pods."""

from __future__ import annotations

from datetime import datetime, timedelta

from dubjob_operator import reasons
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning import failure_messages, failure_policy, messages
from dubjob_operator.planning.answers import (
    is_denial,
    is_namespace_terminating,
    is_quota_exceeded,
)
from dubjob_operator.planning.deadlines import DEBOUNCE_SECONDS, PATIENCE_SECONDS
from dubjob_operator.planning.observation import Admission, ObservedJob, Refusal, Unknown
from dubjob_operator.planning.observed_pod import ObservedPod
from dubjob_operator.planning.pending_pod import SCHEDULER_REASONS, not_started
from dubjob_operator.planning.pod_end import has_sidecar_left, is_lost
from dubjob_operator.planning.run_time import settled, settled_before
from dubjob_operator.planning.stage_entry import ended, moved_to
from dubjob_operator.planning.times import parse
from dubstage.contract.summary import StageSummary, scaled

REFUSAL_REASONS = frozenset(
    {
        reasons.QUOTA_EXCEEDED,
        reasons.NAMESPACE_TERMINATING,
        reasons.POD_REFUSED,
        reasons.POD_NOT_CREATED,
    }
)
"""Reasons that only the Events of a Job give."""


def from_job(dubjob: DubJob, entry: StageStatus, job: ObservedJob, now: datetime) -> StageStatus:
    """The entry of a stage that has a Job. `entry` is the recorded one."""
    entry = _with_lost_pod(entry, job, now)
    quiet = quiet_until(entry, job)
    if quiet and now < quiet:
        retrying = entry.state is StageState.RETRYING
        return entry if retrying else moved_to(entry, StageState.PENDING, now)
    latest = job.pods[-1] if job.pods else None
    entry = _with_pod(entry, job, latest)
    done = job.succeeded
    profile = str(dubjob.profile)
    held = latest is not None and has_sidecar_left(latest, now)
    if job.complete or (done and (done.has_ended or held)):
        return _succeeded(entry, done, now, held=held)
    if job.failed_reason or (latest and failure_policy.is_final(latest, now)):
        failure = failure_policy.explain_job(entry.name, job, profile)
        message = _with_sidecars(failure.message, latest, held=held)
        return ended(moved_to(entry, StageState.FAILED, now, failure.reason, message), now)
    if job.suspended or latest is None:
        return _without_pod(entry, job, now)
    if is_lost(latest, now):
        message = failure_messages.node_lost(dubjob.metadata.namespace, latest.name, latest.node)
        return moved_to(entry, StageState.RETRYING, now, reasons.NODE_LOST, message)
    if latest.is_running and not held:
        return moved_to(entry, StageState.RUNNING, now)
    if latest.phase == "Failed" or held:
        failure = failure_policy.explain(entry.name, latest, profile)
        message = _with_sidecars(failure.message, latest, held=held)
        return moved_to(entry, StageState.RETRYING, now, failure.reason, message)
    return not_started(dubjob, entry, job, latest, now)


def _with_sidecars(message: str, pod: ObservedPod | None, *, held: bool) -> str:
    """`message`, with the containers that did not end with the stage if they have `held` its
    pod."""
    if pod is None or not held:
        return message
    return failure_messages.sidecar_left(pod.others_running, pod.name, message)


def quiet_until(entry: StageStatus, job: ObservedJob) -> datetime | None:
    """Until when a Job that has not started is not reported, None if it is reported at once. What
    lasts only a moment is not worth a write: a thousand Jobs at once keep the Job controller
    busy for a minute."""
    if job.complete or job.failed_reason:
        return None
    latest = job.pods[-1] if job.pods else None
    if latest:
        starting = latest.phase == "Pending" and not latest.is_running
        return _after(DEBOUNCE_SECONDS, latest.created) if starting else None
    if job.suspended or isinstance(job.refusal, Refusal) or _recorded_refusal_stands(entry, job):
        return _after(DEBOUNCE_SECONDS, job.created)
    waits = entry.state in (StageState.PENDING, StageState.RETRYING)
    return _after(PATIENCE_SECONDS, job.created, job.started, entry.since if waits else None)


def _after(seconds: float, *times: str | None) -> datetime | None:
    """`seconds` after the latest of `times`."""
    known = [parse(time) for time in times if time]
    return max(known) + timedelta(seconds=seconds) if known else None


def _with_lost_pod(entry: StageStatus, job: ObservedJob, now: datetime) -> StageStatus:
    """The entry of a stage whose pod is gone, and which waits for the next one from now on."""
    had_pod = entry.state in (StageState.RUNNING, StageState.PULLING)
    had_pod = had_pod or entry.reason in SCHEDULER_REASONS
    ended_or_held = job.complete or job.failed_reason or job.suspended
    if job.pods or not had_pod or ended_or_held or isinstance(job.refusal, Refusal):
        return entry
    return moved_to(settled(entry, now), StageState.PENDING, now)


def _recorded_refusal_stands(entry: StageStatus, job: ObservedJob) -> bool:
    """Whether the refusal in the recorded status is the latest that is known: after a start, the
    operator has not read the Events yet."""
    recorded = entry.reason in REFUSAL_REASONS
    return isinstance(job.refusal, Unknown) and entry.state is StageState.QUEUED and recorded


def _without_pod(entry: StageStatus, job: ObservedJob, now: datetime) -> StageStatus:
    """The entry of a Job without a pod: suspended, refused, or not started by its controller."""
    if job.managed_by:
        message = messages.managed_elsewhere(job.managed_by)
        return moved_to(entry, StageState.QUEUED, now, reasons.MANAGED_ELSEWHERE, message)
    if job.suspended:
        return _awaiting_admission(entry, job, now)
    if isinstance(job.refusal, Refusal):
        message = messages.sentence(job.refusal.message)
        return moved_to(entry, StageState.QUEUED, now, _refusal_reason(message), message)
    if _recorded_refusal_stands(entry, job):
        return entry
    return moved_to(entry, StageState.QUEUED, now, reasons.NO_POD, messages.NO_POD)


def _awaiting_admission(entry: StageStatus, job: ObservedJob, now: datetime) -> StageStatus:
    """The entry of a Job that its queue holds, with what the queue reports."""
    recorded = entry.state is StageState.QUEUED and entry.reason == reasons.AWAITING_ADMISSION
    if job.admission is None and recorded:
        # After a start, the operator has not read it yet.
        return entry
    admission = job.admission or Admission()
    message = messages.awaiting_admission(
        job.queue, admission.position, admission.reason, admission.message
    )
    return moved_to(entry, StageState.QUEUED, now, reasons.AWAITING_ADMISSION, message)


def _refusal_reason(answer: str) -> str:
    """Why the API server does not create the pods of a Job, from its `answer`."""
    if is_quota_exceeded(answer):
        return reasons.QUOTA_EXCEEDED
    if is_namespace_terminating(answer):
        return reasons.NAMESPACE_TERMINATING
    return reasons.POD_REFUSED if is_denial(answer) else reasons.POD_NOT_CREATED


def _with_pod(entry: StageStatus, job: ObservedJob, latest: ObservedPod | None) -> StageStatus:
    """The entry with names and times of its pod, and the number of attempts. A pod that came and
    went while no operator ran is not counted."""
    if latest is None:
        return entry.model_copy(update={"job_name": job.name})
    attempts = entry.attempts + (latest.name != entry.pod_name)
    if latest.name != entry.pod_name:
        entry = settled_before(entry, job.pods)
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


def _succeeded(
    entry: StageStatus, pod: ObservedPod | None, now: datetime, *, held: bool
) -> StageStatus:
    result = pod.result if pod else None
    message = _with_sidecars(result.message if result else "", pod, held=held)
    reason = reasons.SIDECAR_LEFT if held else None
    entry = moved_to(entry, StageState.SUCCEEDED, now, reason, message)
    # The Job leads to the pod, and the state says how much is done.
    update: dict[str, object] = {"pod_name": None, "progress": None}
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
    """`summary`, or None if it is empty."""
    return None if summary in (None, StageSummary()) else summary
