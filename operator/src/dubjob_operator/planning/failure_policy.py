"""What a stage's failure means: for the Job, and for the person who reads about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dubjob_operator import names, reasons
from dubjob_operator.planning.observation import ObservedJob, ObservedPod
from dubstage.contract import ExitCode

FINAL_CODES = (ExitCode.DATAERR, ExitCode.NOINPUT, ExitCode.CONFIG)
"""Exit codes after which another try cannot help."""


def pod_failure_policy() -> dict[str, Any]:
    """The Job's rules; the first that matches counts, so disruptions come first."""
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
    """True for a pod after which the Job will fail without another try."""
    return pod.phase == "Failed" and not pod.disrupted and pod.exit_code in FINAL_CODES


def disruptions(attempts: int, job: ObservedJob) -> int:
    """How many of the stage's `attempts` were ended by the cluster, not by the stage:
    the Job counts its own failures, and has no count of these."""
    unfinished = sum(pod.phase != "Failed" for pod in job.pods)
    # The Job controller counts a moment later than the pods fail.
    own = sum(pod.phase == "Failed" and not pod.disrupted for pod in job.pods)
    return max(attempts - max(job.failed_pods, own) - unfinished, 0)


def explain(stage: str, pod: ObservedPod, profile: str) -> Failure:
    """Why `pod` failed, in the stage's own words where it left any."""
    if pod.terminated_reason == reasons.OUT_OF_MEMORY:
        limit = f" at its limit of {pod.memory_limit}" if pod.memory_limit else ""
        return Failure(
            reasons.OUT_OF_MEMORY,
            f"The {stage} stage ran out of memory{limit}: raise "
            f"spec.stages.{stage}.resources.limits.memory of DubProfile {profile}.",
        )
    if pod.result and pod.exit_code:
        return Failure(pod.result.reason, pod.result.message or f"The {stage} stage failed.")
    if pod.disrupted:
        return Failure(reasons.DISRUPTED, f"Pod {pod.name} was preempted, evicted or drained.")
    if pod.exit_code is None:
        return Failure(
            reasons.POD_FAILED, f"Pod {pod.name} of the {stage} stage failed before it ran."
        )
    return Failure(
        reasons.EXIT_CODE,
        f"The {stage} stage ended with exit code {pod.exit_code} and no result; see the log of "
        f"pod {pod.name}.",
    )


def explain_job(stage: str, job: ObservedJob, profile: str) -> Failure:
    """Why `job` failed: its last failed pod's reason, not the Job's."""
    failed = [pod for pod in job.pods if pod.phase == "Failed" and not pod.disrupted]
    if not failed:
        return Failure(
            job.failed_reason or reasons.BACKOFF_LIMIT_EXCEEDED,
            f"The {stage} stage failed and its pods are gone: {job.failed_message or 'no reason'}.",
        )
    failure = explain(stage, failed[-1], profile)
    if job.failed_reason == reasons.BACKOFF_LIMIT_EXCEEDED and len(failed) > 1:
        return Failure(failure.reason, f"After {len(failed)} attempts: {failure.message}")
    return failure
