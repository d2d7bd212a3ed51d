"""The order of the passes over the stages: each swap of two neighbors changes a result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from planning_world import NOW, dubjob, profile

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import DubJobStatus, StageState, StageStatus
from dubjob_operator.planning.observation import Observed, ObservedJob
from dubjob_operator.planning.observed_pod import ObservedPod
from dubjob_operator.planning.passes import PASSES, Situation, apply_passes
from dubjob_operator.planning.pipeline import ORDER, input_hashes
from dubjob_operator.planning.times import timestamp
from dubstage.contract import ExitCode, Stage, StageResult
from dubstage.contract.summary import StageSummary

AT = timestamp(NOW)
DONE, PENDING, FAILED = StageState.SUCCEEDED, StageState.PENDING, StageState.FAILED
MISSING = StageResult(
    stage=Stage.TRANSCRIBE,
    reason="InputMissing",
    missing_from=Stage.SEPARATE,
    message="It is gone.",
)
Case = tuple[Situation, list[StageStatus]]


def entries(*states: StageState, run: int = 1) -> list[StageStatus]:
    """All stages: the first ones in `states`, the others pending."""
    hashes = input_hashes(dubjob())
    padded = [*states, *[PENDING] * (len(ORDER) - len(states))]
    return [
        StageStatus(
            name=str(stage), state=state, input_hash=hashes[stage], run=run, since=AT,
            job_name=None if state is PENDING else f"job-{stage}",
        )
        for stage, state in zip(ORDER, padded, strict=True)
    ]  # fmt: skip


def situation(owner: DubJob, *jobs: ObservedJob) -> Situation:
    pipeline_hash = input_hashes(owner)[ORDER[-1]]
    return Situation(owner, profile(), Observed(jobs), pipeline_hash, NOW)


def job(stage: Stage, code: int, result: StageResult) -> ObservedJob:
    phase = "Failed" if code else "Succeeded"
    pod = ObservedPod("pod", AT, phase, started=AT, exit_code=code, result=result)
    last = input_hashes(dubjob())[ORDER[-1]]
    return ObservedJob(f"job-{stage}", "uid", str(stage), last, created=AT, pods=(pod,))


def reusing(*stages: Stage) -> ObservedJob:
    found = StageResult(stage=Stage.INGEST, reason="Succeeded", reusable=list(stages))
    return job(Stage.INGEST, 0, found)


REJECTED = ObservedPod("rejected", AT, "Failed", reason="UnexpectedAdmissionError")


def rejected(stage: Stage) -> ObservedJob:
    found = ObservedJob(f"job-{stage}", "uid", str(stage), "", created=AT, pods=(REJECTED,))
    return replace(found, failed_reason="BackoffLimitExceeded")


def ingest_of_an_old_track_has_just_succeeded() -> Case:
    """Its first run found two audio tracks; what transcribe reads has changed since."""
    recorded = entries(DONE, DONE, DONE)
    recorded[2] = recorded[2].model_copy(update={"input_hash": "another"})
    owner = dubjob(recorded=DubJobStatus(observed_generation=1, stages=recorded))
    ingest, *later = entries(DONE, run=2)
    ingest = ingest.model_copy(update={"summary": StageSummary(audio_tracks=2)})
    return situation(owner, reusing(Stage.TRANSCRIBE)), [ingest, *later]


def a_stage_behind_a_reused_one_lacks_its_input() -> Case:
    owner = dubjob(recorded=DubJobStatus(observed_generation=1, stages=entries(StageState.RUNNING)))
    jobs = reusing(Stage.SEPARATE), job(Stage.TRANSCRIBE, ExitCode.NOINPUT, MISSING)
    return situation(owner, *jobs), entries(DONE, PENDING, FAILED)


def a_stage_that_lacks_its_input_was_rejected_before() -> Case:
    owner = dubjob(
        recorded=DubJobStatus(observed_generation=1, stages=entries(DONE, DONE, StageState.RUNNING))
    )
    missing = job(Stage.TRANSCRIBE, ExitCode.NOINPUT, MISSING)
    both = replace(rejected(Stage.TRANSCRIBE), pods=(REJECTED, *missing.pods))
    return situation(owner, both), entries(DONE, DONE, FAILED)


def a_retry_is_requested_of_a_stage_whose_pod_was_rejected() -> Case:
    owner = dubjob(
        recorded=DubJobStatus(observed_generation=1, stages=entries(StageState.RUNNING)),
        annotations={"dubjob.dev/retry": "failed@1"},
    )
    return situation(owner, rejected(Stage.INGEST)), entries(FAILED)


def with_long_clips(owner: DubJob) -> Case:
    case = situation(owner)
    states = entries(*[DONE] * 5)
    states[4] = states[4].model_copy(update={"summary": StageSummary(oversize_segments=1)})
    shortening = profile({"parameters": {"fit_after_synthesis": True}})
    return replace(case, profile=shortening), states


def a_retry_is_requested_of_a_stage_whose_clips_are_too_long() -> Case:
    owner = dubjob(
        recorded=DubJobStatus(observed_generation=1),
        annotations={"dubjob.dev/retry": "synthesize@1"},
    )
    return with_long_clips(owner)


def a_stage_whose_clips_are_too_long_is_to_be_reviewed() -> Case:
    return with_long_clips(dubjob(reviewAfter=["synthesize"]))


def a_stage_to_be_reviewed_succeeds_while_suspended() -> Case:
    return situation(dubjob(reviewAfter=["separate"], suspend=True)), entries(DONE, DONE)


def a_running_stage_is_suspended_at_its_deadline() -> Case:
    late = entries(StageState.RUNNING)
    start = timestamp(NOW - timedelta(seconds=100))
    late[0] = late[0].model_copy(update={"start_time": start, "since": start})
    pod = ObservedPod("pod", start, "Running", started=start)
    running = ObservedJob("job-ingest", "uid", "ingest", "", created=start, timeout=60, pods=(pod,))
    return situation(dubjob(suspend=True), running), late


CASES: tuple[Callable[[], Case], ...] = (
    ingest_of_an_old_track_has_just_succeeded,
    a_stage_behind_a_reused_one_lacks_its_input,
    a_stage_that_lacks_its_input_was_rejected_before,
    a_retry_is_requested_of_a_stage_whose_pod_was_rejected,
    a_retry_is_requested_of_a_stage_whose_clips_are_too_long,
    a_stage_whose_clips_are_too_long_is_to_be_reviewed,
    a_stage_to_be_reviewed_succeeds_while_suspended,
    a_running_stage_is_suspended_at_its_deadline,
)
"""For each pair of neighbors in :data:`PASSES`, a DubJob to which their order matters."""


@pytest.mark.parametrize(
    ("place", "case"), list(enumerate(CASES)), ids=[case.__name__ for case in CASES]
)
def test_swapped_passes_change_the_result(place: int, case: Callable[[], Case]) -> None:
    swapped = list(PASSES)
    swapped[place : place + 2] = reversed(swapped[place : place + 2])
    assert apply_passes(*case()) != apply_passes(*case(), swapped)


def test_every_pair_of_passes_has_a_case() -> None:
    assert len(CASES) == len(PASSES) - 1
    assert [each.name for each in PASSES] == [
        "audio track", "reuse", "rewind", "restart", "retry", "shorten", "review", "suspend",
        "limits",
    ]  # fmt: skip
