"""What the failure of a stage means for its Job and for the status.

:func:`.settings.backoff_limit` decides the number of retries, and :mod:`.restart` the delay before
a new Job. The Job controller of Kubernetes decides the delay between the pods of one Job.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dubjob_operator import names, reasons
from dubjob_operator.planning import failure_messages, messages
from dubjob_operator.planning.observation import ObservedJob
from dubjob_operator.planning.observed_pod import ObservedPod
from dubjob_operator.planning.pod_end import (
    START_ERRORS,
    has_sidecar_left,
    is_over_scratch_limit,
    is_over_storage_limit,
    is_rejected,
)
from dubstage.contract import ExitCode

FINAL_CODES = (ExitCode.DATAERR, ExitCode.NOINPUT, ExitCode.CONFIG)
"""Exit codes after which a retry cannot succeed."""


def pod_failure_policy() -> dict[str, Any]:
    """The podFailurePolicy of the Job. The first rule that matches counts, so disruptions come
    first."""
    return {
        "rules": [
            {
                "action": "Ignore",
                "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
            },
            {
                "action": "FailJob",
                "onExitCodes": {
                    "containerName": names.STAGE_CONTAINER,
                    "operator": "In",
                    "values": [int(code) for code in FINAL_CODES],
                },
            },
        ]
    }


@dataclass(frozen=True)
class Failure:
    """Why a stage failed."""

    reason: str
    message: str


def is_final(pod: ObservedPod, now: datetime) -> bool:
    """Whether a retry cannot succeed after this pod."""
    if is_over_storage_limit(pod):
        return True
    has_failed = pod.phase == "Failed" and not pod.disrupted
    return (has_failed or has_sidecar_left(pod, now)) and pod.exit_code in FINAL_CODES


def disruptions(attempts: int, job: ObservedJob) -> int:
    """How many of the stage's `attempts` the cluster ended. The Job only counts the failures of
    the stage itself."""
    unfinished = sum(pod.phase != "Failed" for pod in job.pods)
    # The Job controller counts a moment later than the pods fail.
    own = len(job.failures)
    return max(attempts - max(job.failed_pods, own) - unfinished, 0)


def explain(stage: str, pod: ObservedPod, profile: str) -> Failure:
    """Why `pod` failed: as the stage reports it, if it left a result."""
    if pod.terminated_reason == reasons.OUT_OF_MEMORY:
        message = failure_messages.out_of_memory(stage, pod.memory_limit, profile)
        return Failure(reasons.OUT_OF_MEMORY, message)
    if is_over_storage_limit(pod):
        is_scratch = is_over_scratch_limit(pod)
        message = failure_messages.scratch_full(stage, pod.message, profile, is_scratch=is_scratch)
        return Failure(reasons.SCRATCH_FULL, message)
    if pod.result and pod.exit_code:
        return Failure(
            pod.result.reason,
            messages.sentence(pod.result.message) or messages.in_state(stage, "Failed"),
        )
    if pod.disrupted:
        return Failure(reasons.DISRUPTED, failure_messages.disrupted(pod.name, pod.message))
    if pod.terminated_reason in START_ERRORS:
        message = failure_messages.start_error(stage, pod.name, pod.node, pod.terminated_message)
        return Failure(reasons.START_ERROR, message)
    if pod.folders_error:
        message = failure_messages.folders_not_created(pod.folders_error)
        return Failure(reasons.FOLDERS_NOT_CREATED, message)
    if is_rejected(pod) and pod.reason:
        message = failure_messages.pod_rejected(pod.name, pod.node, pod.reason, pod.message)
        return Failure(reasons.POD_REJECTED, message)
    # With the reason Error, the message is what the container wrote.
    by_runtime = pod.terminated_reason not in ("", "Error")
    detail = pod.message or (pod.terminated_message if by_runtime else "")
    if pod.exit_code is None:
        return Failure(reasons.POD_FAILED, failure_messages.pod_failed(pod.name, stage, detail))
    message = failure_messages.exit_code(stage, pod.exit_code, pod.name, detail)
    return Failure(reasons.EXIT_CODE, message)


def explain_job(stage: str, job: ObservedJob, profile: str) -> Failure:
    """Why `job` failed: the reason of its last failed pod, not that of the Job."""
    failed = job.failures or list(job.pods[-1:])
    if not failed:
        reason = job.failed_reason or reasons.BACKOFF_LIMIT_EXCEEDED
        return Failure(reason, failure_messages.pods_gone(stage, job.failed_message))
    failure = explain(stage, failed[-1], profile)
    if job.failed_reason == reasons.BACKOFF_LIMIT_EXCEEDED and len(failed) > 1:
        return Failure(
            failure.reason, failure_messages.after_attempts(len(failed), failure.message)
        )
    return failure
