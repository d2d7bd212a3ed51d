"""Why a stage failed, word by word, and how often the cluster ended its pods."""

from __future__ import annotations

from typing import Any

import pytest

from dubjob_operator.planning.failure_policy import (
    Failure,
    disruptions,
    explain,
    explain_job,
    pod_failure_policy,
)
from dubjob_operator.planning.observation import ObservedJob
from dubjob_operator.planning.observed_pod import ObservedPod
from dubstage.contract import Stage, StageResult

AT = "2026-01-02T03:04:05Z"
PROFILE = "DubProfile cpu"


def pod(name: str = "p-1", phase: str = "Failed", **fields: Any) -> ObservedPod:
    return ObservedPod(name=name, created=AT, phase=phase, node="gpu-1", **fields)


def said(reason: str, message: str = "") -> StageResult:
    return StageResult(stage=Stage.MUX, reason=reason, message=message)


FAILURES: list[tuple[ObservedPod, str, str]] = [
    (pod(exit_code=137, started=AT, terminated_reason="OOMKilled", memory_limit="96Mi"),
     "OOMKilled",
     "The mux stage ran out of memory at its limit of 96Mi: raise "
     "spec.stages.mux.resources.limits.memory of DubProfile cpu."),
    (pod(exit_code=137, started=AT, terminated_reason="OOMKilled"), "OOMKilled",
     "The mux stage ran out of memory: raise spec.stages.mux.resources.limits.memory of "
     "DubProfile cpu."),
    (pod(reason="Evicted", message='Usage of EmptyDir volume "scratch" exceeds the limit "2Gi".'),
     "ScratchFull",
     "The mux stage needs more scratch space: Usage of EmptyDir volume \"scratch\" exceeds the "
     "limit \"2Gi\". Raise spec.scratchSizeLimit of DubProfile cpu."),
    (pod(exit_code=65, started=AT, result=said("BadInput", "It has no sound")), "BadInput",
     "It has no sound."),
    (pod(exit_code=65, started=AT, result=said("BadInput")), "BadInput",
     "The mux stage failed."),
    (pod(disrupted=True, message="low on memory"), "Disrupted",
     "Pod p-1 was preempted, evicted or drained: low on memory."),
    (pod(disrupted=True), "Disrupted", "Pod p-1 was preempted, evicted or drained."),
    (pod(exit_code=128, terminated_reason="StartError", terminated_message="no such file"),
     "StartError",
     "The container of the mux stage, pod p-1, could not be started on node gpu-1: no such file."),
    (pod(folders_error="mkdir: No space left on device"), "FoldersNotCreated",
     "The folders of the job cannot be created on the data volume: mkdir: No space left on "
     "device. Free some space on it."),
    (pod(reason="OutOfcpu", message="too much"), "PodRejected",
     "Node gpu-1 rejected pod p-1 (OutOfcpu): too much."),
    # The kubelet gave a reason, but the container had run.
    (pod(exit_code=1, started=AT, reason="Preempting", message="for another pod"), "ExitCode",
     "The mux stage exited with code 1 and no result: for another pod. For more, see the log of "
     "pod p-1."),
    (pod(message="no space"), "PodFailed",
     "Pod p-1 of the mux stage failed before its container started: no space."),
    (pod(terminated_message="lost"), "PodFailed",
     "Pod p-1 of the mux stage failed before its container started."),
    (pod(terminated_reason="ContainerStatusUnknown", terminated_message="lost"), "PodFailed",
     "Pod p-1 of the mux stage failed before its container started: lost."),
    (pod(exit_code=1, started=AT, terminated_reason="Error", terminated_message="Traceback"),
     "ExitCode", "The mux stage exited with code 1 and no result: see the log of pod p-1."),
    (pod(exit_code=137, started=AT, terminated_reason="Unknown", terminated_message="gone"),
     "ExitCode",
     "The mux stage exited with code 137 and no result: gone. For more, see the log of pod p-1."),
]  # fmt: skip


@pytest.mark.parametrize(("failed", "reason", "message"), FAILURES)
def test_failure_is_explained(failed: ObservedPod, reason: str, message: str) -> None:
    assert explain("mux", failed, PROFILE) == Failure(reason, message)


def job(*pods: ObservedPod, **fields: Any) -> ObservedJob:
    return ObservedJob(name="talk-mux", uid="j", stage="mux", pipeline_hash="", pods=pods, **fields)


FIRST, SECOND = (
    pod(f"p-{code}", exit_code=code, started=AT, terminated_reason="Error") for code in (1, 2)
)
LAST_SAYS = "The mux stage exited with code 2 and no result: see the log of pod p-2."
LIMIT = {"failed_reason": "BackoffLimitExceeded"}


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        (job(FIRST, SECOND, **LIMIT), Failure("ExitCode", f"After 2 attempts: {LAST_SAYS}")),
        (job(SECOND, **LIMIT), Failure("ExitCode", LAST_SAYS)),
        (job(FIRST, SECOND, failed_reason="PodFailurePolicy"), Failure("ExitCode", LAST_SAYS)),
        (job(SECOND, pod("p-3", disrupted=True), **LIMIT), Failure("ExitCode", LAST_SAYS)),
        # No pod failed by itself: the last one says what happened.
        (job(pod("p-3", disrupted=True), pod("p-4", disrupted=True), **LIMIT),
         Failure("Disrupted", "Pod p-4 was preempted, evicted or drained.")),
        (job(failed_reason="DeadlineExceeded", failed_message="Job was active too long"),
         Failure("DeadlineExceeded",
                 "The mux stage failed, and its pods are gone: Job was active too long.")),
        (job(), Failure("BackoffLimitExceeded",
                        "The mux stage failed, and its pods are gone: its Job gives no reason.")),
    ],
)  # fmt: skip
def test_failed_job_is_explained_by_its_last_failure(
    failed: ObservedJob, expected: Failure
) -> None:
    assert explain_job("mux", failed, PROFILE) == expected


RUNNING = pod("p-9", phase="Running", started=AT)


@pytest.mark.parametrize(
    ("attempts", "seen", "expected"),
    [
        (1, job(RUNNING), 0),
        (3, job(RUNNING), 2),
        (3, job(FIRST, RUNNING, failed_pods=1), 1),
        (3, job(FIRST, RUNNING), 1),
        (3, job(RUNNING, failed_pods=2), 0),
        (2, job(FIRST, SECOND, RUNNING), 0),
        (2, job(), 2),
    ],
)
def test_attempts_that_the_cluster_ended_are_counted(
    attempts: int, seen: ObservedJob, expected: int
) -> None:
    assert disruptions(attempts, seen) == expected


def test_cluster_is_blamed_before_the_stage() -> None:
    """In Kubernetes' own words: the first rule that matches counts."""
    ignored, final = pod_failure_policy()["rules"]
    assert ignored == {
        "action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
    }  # fmt: skip
    assert final == {
        "action": "FailJob",
        "onExitCodes": {"containerName": "stage", "operator": "In", "values": [65, 66, 78]},
    }
