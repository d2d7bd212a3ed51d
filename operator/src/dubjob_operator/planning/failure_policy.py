"""What the failure of a stage means: for its Job, and for the status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dubjob_operator import names, reasons
from dubjob_operator.planning import messages
from dubjob_operator.planning.observation import ObservedJob, ObservedPod
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


def is_final(pod: ObservedPod) -> bool:
    """Whether the Job will fail after this pod, without a retry."""
    return pod.phase == "Failed" and not pod.disrupted and pod.exit_code in FINAL_CODES


def disruptions(attempts: int, job: ObservedJob) -> int:
    """How many of the stage's `attempts` the cluster ended. The Job only counts the failures of
    the stage itself."""
    unfinished = sum(pod.phase != "Failed" for pod in job.pods)
    # The Job controller counts a moment later than the pods fail.
    own = sum(pod.phase == "Failed" and not pod.disrupted for pod in job.pods)
    return max(attempts - max(job.failed_pods, own) - unfinished, 0)


def explain(stage: str, pod: ObservedPod, profile: str) -> Failure:
    """Why `pod` failed: as the stage reports it, if it left a result."""
    if pod.terminated_reason == reasons.OUT_OF_MEMORY:
        message = messages.out_of_memory(stage, pod.memory_limit, profile)
        return Failure(reasons.OUT_OF_MEMORY, message)
    if pod.folders_error:
        message = messages.folders_not_created(pod.folders_error)
        return Failure(reasons.FOLDERS_NOT_CREATED, message)
    if pod.result and pod.exit_code:
        return Failure(
            pod.result.reason,
            messages.sentence(pod.result.message) or messages.in_state(stage, "Failed"),
        )
    if pod.disrupted:
        return Failure(reasons.DISRUPTED, messages.disrupted(pod.name))
    if pod.exit_code is None:
        return Failure(reasons.POD_FAILED, messages.pod_failed(pod.name, stage))
    return Failure(reasons.EXIT_CODE, messages.exit_code(stage, pod.exit_code, pod.name))


def explain_job(stage: str, job: ObservedJob, profile: str) -> Failure:
    """Why `job` failed: the reason of its last failed pod, not that of the Job."""
    failed = [pod for pod in job.pods if pod.phase == "Failed" and not pod.disrupted]
    if not failed:
        reason = job.failed_reason or reasons.BACKOFF_LIMIT_EXCEEDED
        return Failure(reason, messages.pods_gone(stage, job.failed_message))
    failure = explain(stage, failed[-1], profile)
    if job.failed_reason == reasons.BACKOFF_LIMIT_EXCEEDED and len(failed) > 1:
        return Failure(failure.reason, messages.after_attempts(len(failed), failure.message))
    return failure
