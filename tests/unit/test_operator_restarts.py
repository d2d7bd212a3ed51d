"""New runs of a stage: what they keep, when they come, and at which limit they end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from planning_world import NOW, dubjob, profile

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import DubJobStatus, StageState, StageStatus
from dubjob_operator.planning.current_stage import limited
from dubjob_operator.planning.observation import Observed, ObservedJob
from dubjob_operator.planning.observed_pod import ObservedPod
from dubjob_operator.planning.profile_use import ProfileProblem
from dubjob_operator.planning.restart import restart_at, restarted, without_job
from dubjob_operator.planning.stage_entry import continued, ended, fresh
from dubjob_operator.planning.times import timestamp
from dubjob_operator.planning.verbs import retry_problem

SINCE = timestamp(NOW)
LIMIT = "BackoffLimitExceeded"


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def entry(state: StageState = StageState.RETRYING, **fields: Any) -> StageStatus:
    return StageStatus(name="ingest", state=state, since=SINCE, input_hash="abc", **fields)


def rejected(name: str) -> ObservedPod:
    return ObservedPod(name=name, created=SINCE, phase="Failed", reason="OutOfcpu")


def failed(name: str) -> ObservedPod:
    return ObservedPod(name=name, created=SINCE, phase="Failed", started=SINCE, exit_code=1)


def held(name: str, code: int = 1) -> ObservedPod:
    return ObservedPod(
        name=name, created=SINCE, phase="Running", started=SINCE, finished=SINCE, exit_code=code,
        others_running=("proxy",),
    )  # fmt: skip


def job(*pods: ObservedPod, reason: str = LIMIT, **fields: Any) -> ObservedJob:
    return ObservedJob(
        name="j", uid="j", stage="ingest", pipeline_hash="", pods=pods, failed_reason=reason,
        **fields,
    )  # fmt: skip


def test_next_run_keeps_what_was_asked_for() -> None:
    before = entry(
        StageState.RUNNING, run=3, forced=True, imports=True, reviewed=True, shortens=True,
        active_seconds=7, start_time=SINCE, job_name="j", pod_name="p", reason="ExitCode",
        message="It failed.", attempts=2,
    )  # fmt: skip
    after = fresh(before, at(60), imports=None)
    assert after.model_dump(exclude_defaults=True, exclude_none=True) == {
        "name": "ingest", "state": StageState.PENDING, "input_hash": "abc", "run": 4,
        "since": timestamp(at(60)), "forced": True, "reviewed": True, "shortens": True,
        "active_seconds": 67,
    }  # fmt: skip


def test_continued_run_keeps_its_wait_and_its_failures() -> None:
    before = entry(StageState.QUEUED, queued_seconds=5, failures=1, disruptions=2)
    after = continued(before, at(60))
    assert (after.queued_seconds, after.failures, after.disruptions) == (65, 1, 2)
    assert fresh(before, at(60)).queued_seconds is None


@pytest.mark.parametrize(
    ("given", "finished", "expected"),
    [
        (entry(), None, timestamp(at(60))),
        (entry(), timestamp(at(50)), timestamp(at(50))),
        (entry(completion_time=timestamp(at(10))), timestamp(at(50)), timestamp(at(10))),
    ],
)
def test_end_is_recorded_once(given: StageStatus, finished: str | None, expected: str) -> None:
    after = ended(given, at(60), finished)
    assert after.completion_time == expected
    assert after.since is None or given.completion_time


@pytest.mark.parametrize(
    ("given", "delay"),
    [
        (entry(), 10),
        (entry(failures=1), 10),
        (entry(failures=1, disruptions=1), 20),
        (entry(disruptions=3), 40),
        (entry(disruptions=5), 160),
        (entry(disruptions=6), 300),
        (entry(disruptions=999), 300),
        (entry(job_name="j"), None),
        (entry(StageState.PENDING), None),
        (entry().model_copy(update={"since": None}), None),
    ],
)
def test_new_runs_come_ever_later(given: StageStatus, delay: float | None) -> None:
    assert restart_at(given) == (None if delay is None else at(delay))
    if delay is not None:
        assert without_job(given, at(delay - 1)) == given
        assert without_job(given, at(delay)).state is StageState.PENDING


def test_deleted_job_is_created_again_and_its_time_counts() -> None:
    given = entry(StageState.RUNNING, job_name="j", start_time=SINCE)
    after = without_job(given, at(30))
    assert (after.state, after.active_seconds, after.start_time) == (StageState.PENDING, 30, None)
    assert without_job(entry(StageState.PENDING), at(30)) == entry(StageState.PENDING)


def restart(
    given: StageStatus,
    seen: ObservedJob,
    *,
    owner: DubJob | None = None,
    limits: dict[str, Any] | ProfileProblem | None = None,
) -> StageStatus:
    used = limits if isinstance(limits, ProfileProblem) else profile(**(limits or {}))
    owner = owner or dubjob()
    named = given.model_copy(update={"job_name": "j"})
    (after,) = restarted(owner, [named], used, Observed((seen,), seen.pods), at(60))
    return after


FAILED: dict[str, Any] = {"state": StageState.FAILED, "reason": "ExitCode", "message": "It failed."}
PROBLEM = ProfileProblem("ProfileInvalid", "It is invalid.")


@pytest.mark.parametrize(
    ("given", "seen", "limits", "expected"),
    [
        # Only rejected: a new run, however many retries there are.
        (entry(**FAILED), job(rejected("a"), rejected("b")), {"backoffLimit": 0},
         ("Retrying", None, 2, "It failed.")),
        # Failed by itself as often as it may, and rejected.
        (entry(**FAILED), job(failed("a"), rejected("b")), {"backoffLimit": 0},
         ("Failed", 1, 1, "It failed.")),
        (entry(**FAILED), job(failed("a"), failed("b"), rejected("c")), {"backoffLimit": 1},
         ("Failed", 2, 1, "After 2 attempts: It failed.")),
        (entry(**FAILED), job(failed("a"), failed("b"), rejected("c")), {"backoffLimit": 2},
         ("Retrying", 2, 1, "It failed.")),
        (entry(**FAILED, failures=1), job(failed("a"), rejected("b")), {"backoffLimit": 1},
         ("Failed", 2, 1, "After 2 attempts: It failed.")),
        # Two retries and twenty disruptions where the profile does not say.
        (entry(**FAILED, failures=1), job(failed("a"), rejected("b")), PROBLEM,
         ("Retrying", 2, 1, "It failed.")),
        (entry(**FAILED, disruptions=19), job(rejected("b")), PROBLEM,
         ("Retrying", None, 20, "It failed.")),
        (entry(**FAILED, disruptions=20), job(rejected("b")), PROBLEM,
         ("Failed", None, 21, "Pods of the ingest stage failed 21 times before they started; "
          "DubProfile default allows 20 (maxDisruptions). It failed.")),
        (entry(**FAILED), job(rejected("b")), {"maxDisruptions": 0},
         ("Failed", None, 1, "Pods of the ingest stage failed once before they started; "
          "DubProfile default allows 0 (maxDisruptions). It failed.")),
        (entry(**{**FAILED, "message": None}), job(rejected("b")), {"maxDisruptions": 0},
         ("Failed", None, 1, "Pods of the ingest stage failed once before they started; "
          "DubProfile default allows 0 (maxDisruptions).")),
        # Not for another reason than its own failures.
        (entry(**FAILED), job(failed("a")), {}, ("Failed", None, None, "It failed.")),
        (entry(**FAILED), job(rejected("a"), reason="PodFailurePolicy"), {},
         ("Failed", None, None, "It failed.")),
        # Another container holds the failed pod.
        (entry(message="Again."), job(held("a"), reason=""), {},
         ("Retrying", 1, None, "Again.")),
        (entry(message="Again.", failures=2), job(held("a"), reason=""), {},
         ("Failed", 3, None, "After 3 attempts: Again.")),
        (entry(), job(held("a"), reason=""), {"backoffLimit": 0}, ("Failed", 1, None, None)),
        (entry(StageState.RUNNING), job(held("a"), reason=""), {}, ("Running", None, None, None)),
    ],
)  # fmt: skip
def test_stage_that_did_not_fail_by_itself_runs_again_up_to_its_limits(
    given: StageStatus,
    seen: ObservedJob,
    limits: dict[str, Any] | ProfileProblem,
    expected: tuple[str, int | None, int | None, str | None],
) -> None:
    after = restart(given, seen, limits=limits)
    found = str(after.state), after.failures, after.disruptions, after.message
    assert found == expected
    is_new_run = after.run == given.run + 1
    assert is_new_run is (expected[0] == "Retrying")
    changed = expected[0] == "Failed" and (expected[1] or expected[2])
    assert (after.completion_time == timestamp(at(60))) is bool(changed)


@pytest.mark.parametrize(
    ("recorded", "runs_again"),
    [
        (entry(**FAILED), False),
        (entry(**FAILED, run=2), True),
        (entry(StageState.RUNNING), True),
        (None, True),
    ],
)
def test_recorded_failure_is_final(recorded: StageStatus | None, runs_again: bool) -> None:
    status = DubJobStatus(stages=[recorded] if recorded else [])
    after = restart(entry(**FAILED), job(rejected("a")), owner=dubjob(recorded=status))
    assert (after.state is StageState.RETRYING) is runs_again


@pytest.mark.parametrize(
    ("allowed", "known", "attempts", "message"),
    [
        (3, 1, 2, None),
        (2, 1, 2, "3 times; DubProfile default allows 2 (maxDisruptions)."),
        (0, None, 1, "once; DubProfile default allows 0 (maxDisruptions)."),
        (1, None, 1, None),
    ],
)
def test_pods_that_the_cluster_ended_are_limited(
    allowed: int, known: int | None, attempts: int, message: str | None
) -> None:
    given = entry(attempts=attempts, disruptions=known, job_name="j", message="Again.")
    (after,) = limited(
        dubjob(), [given], profile(maxDisruptions=allowed), Observed((job(reason=""),)), at(60)
    )
    if message is None:
        assert after == given
        return
    assert (after.state, after.reason) == (StageState.FAILED, "TooManyDisruptions")
    assert after.message == (
        f"Pods of the ingest stage were preempted, evicted or drained {message}"
    )
    assert after.completion_time == timestamp(at(60))


@pytest.mark.parametrize("value", ["ingest@1", "failed@x", "mux@1@2", "translate"])
def test_retry_names_a_stage(value: str) -> None:
    assert retry_problem(value) is None


@pytest.mark.parametrize("value", ["", "@1", "all@1", "Mux@1", "x@mux@1"])
def test_retry_of_no_stage_is_explained(value: str) -> None:
    assert retry_problem(value) == (
        f"The annotation dubjob.dev/retry is {value!r}, expected <stage>@<a new value>, with one "
        "of the stages failed, ingest, separate, transcribe, translate, synthesize, mux."
    )
