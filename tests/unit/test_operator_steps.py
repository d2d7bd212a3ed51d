"""The limits of a stage, and the step that follows from its state."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from planning_world import NOW, dubjob, profile

from dubjob_operator.api.status import DubJobStatus, StageState, StageStatus
from dubjob_operator.planning.deadlines import nearest_limit
from dubjob_operator.planning.manifests import job_name
from dubjob_operator.planning.observation import Observed, ObservedJob
from dubjob_operator.planning.observed_pod import ObservedPod
from dubjob_operator.planning.pipeline import ORDER
from dubjob_operator.planning.plan import plan
from dubjob_operator.planning.reuse import reused
from dubjob_operator.planning.rewind import rewound
from dubjob_operator.planning.same_node import without_lost_node
from dubjob_operator.planning.stage_entry import first
from dubjob_operator.planning.times import timestamp
from dubstage.contract import Stage, StageResult
from dubstage.contract.summary import StageSummary

SINCE = timestamp(NOW)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def said(seconds: float) -> str:
    return timestamp(at(seconds))


def entry(state: str, name: str = "ingest", **fields: Any) -> StageStatus:
    return StageStatus(name=name, state=StageState(state), **{"since": SINCE, **fields})


def pod(name: str = "p", **fields: Any) -> ObservedPod:
    return ObservedPod(
        name=name, created=SINCE, **{"phase": "Running", "started": SINCE, **fields}
    )  # fmt: skip


def job(*pods: ObservedPod, stage: str = "ingest", run: int = 1, **fields: Any) -> ObservedJob:
    name = job_name(dubjob(), entry("Pending", stage, run=run))
    return ObservedJob(
        **{"name": name, "uid": name, "stage": stage, "pipeline_hash": "h", "pods": pods, **fields}
    )


Found = tuple[float, str, str] | None
START, QUEUE, ACTIVE = (
    {"deadlines": {f"{kind}Seconds": 100}} for kind in ("start", "queue", "active")
)
MISSING = entry("Pending", reason="ProfileNotFound", message="There is none.")
ORIGIN = "deadlines.startSeconds of DubProfile default"


@pytest.mark.parametrize(
    ("spec", "limits", "current", "seen", "expected"),
    [
        ({}, {}, entry("Pending"), None, None),
        ({}, {}, MISSING, None,
         (540, "StartDeadlineExceeded", "The ingest stage could not start within 600 s, the "
          "default of startSeconds (ProfileNotFound): There is none.")),
        (START, {"deadlines": {"startSeconds": 50}}, MISSING, None,
         (40, "StartDeadlineExceeded", "The ingest stage could not start within 100 s, "
          "spec.deadlines.startSeconds (ProfileNotFound): There is none.")),
        ({}, {"deadlines": {"startSeconds": 50}}, MISSING.model_copy(update={"message": None}),
         None, (-10, "StartDeadlineExceeded", f"The ingest stage could not start within 50 s, "
          f"{ORIGIN} (ProfileNotFound): ")),
        (START, {}, entry("Queued", reason="Unschedulable"), None, None),
        (QUEUE, {}, entry("Queued", reason="Unschedulable", message="No GPU."), job(),
         (40, "QueueDeadlineExceeded", "The ingest stage waited for 100 s, "
          "spec.deadlines.queueSeconds: No GPU.")),
        (QUEUE, {}, entry("Queued", queued_seconds=30), job(),
         (10, "QueueDeadlineExceeded", "The ingest stage waited for 100 s, "
          "spec.deadlines.queueSeconds: ")),
        (QUEUE, {}, entry("Running"), job(), None),
        ({}, {}, entry("Running", start_time=said(10)), job(pod(), timeout=90.0),
         (40, "StageTimeout", "The ingest stage ran for more than 90 s, its timeoutSeconds in the "
          "profile.")),
        # The slow clock of a node does not shorten it.
        ({}, {}, entry("Running", start_time=said(-600)), job(timeout=90.0),
         (30, "StageTimeout", "The ingest stage ran for more than 90 s, its timeoutSeconds in the "
          "profile.")),
        ({}, {}, entry("Running"), job(pod()), None),
        ({}, {}, entry("Running"), None, None),
        ({}, {}, entry("Retrying"), job(pod(), timeout=90.0), None),
        ({}, {}, entry("Running"), job(pod(finished=said(9)), timeout=90.0), None),
        ({}, {}, entry("Running"), job(pod("a", finished=said(9)), pod("b"), timeout=90.0),
         (30, "StageTimeout", "The ingest stage ran for more than 90 s, its timeoutSeconds in the "
          "profile.")),
        (ACTIVE, {}, entry("Running"), job(pod()),
         (40, "DeadlineExceeded", "The stages ran for more than 100 s in total, "
          "spec.deadlines.activeSeconds; ingest was running.")),
        (ACTIVE, {}, entry("Queued", active_seconds=99), None, None),
        (ACTIVE, {}, entry("Queued", active_seconds=100), None,
         (0, "DeadlineExceeded", "The stages ran for more than 100 s in total, "
          "spec.deadlines.activeSeconds; ingest does not start.")),
        (ACTIVE, {}, entry("Failed", active_seconds=200), None, None),
        (ACTIVE, {}, entry("AwaitingReview", active_seconds=200), None, None),
        # The nearest of two.
        (ACTIVE, {}, entry("Running", start_time=SINCE), job(pod(), timeout=70.0),
         (10, "StageTimeout", "The ingest stage ran for more than 70 s, its timeoutSeconds in the "
          "profile.")),
    ],
)  # fmt: skip
def test_nearest_limit(
    spec: dict[str, Any], limits: dict[str, Any], current: StageStatus, seen: ObservedJob | None,
    expected: Found,
) -> None:  # fmt: skip
    found = nearest_limit(dubjob(**spec), profile(**limits), [current], current, seen, at(60))
    assert (found and (found.left, found.reason, found.message)) == expected


ENDED: dict[str, Any] = {"exit_code": 0, "finished": SINCE}
BEFORE = (
    entry("Succeeded", completion_time=SINCE, node_name="gpu-1"),
    entry("Pending", "separate"),
)
OLD = job(stage="ingest", run=7)
OTHER = ObservedPod(name="x", created=SINCE, phase="Running", started=SINCE)


@pytest.mark.parametrize(
    ("entries", "jobs", "pods", "creates", "deletes"),
    [
        ((entry("Pending"),), (), (), True, []),
        ((entry("Pending"),), (job(),), (), False, []),
        ((entry("Running"),), (), (), False, []),
        # Something old is deleted first, or has to end.
        ((entry("Pending"),), (OLD,), (), False, [OLD]),
        ((entry("Pending"),), (job(run=7, complete=True),), (), True, []),
        ((entry("Pending"),), (), (OTHER,), False, []),
        # A stage that is done, whose Job goes on: held, or failed by another container.
        (BEFORE, (job(),), (), True, []),
        (BEFORE, (job(pod()),), (), True, []),
        (BEFORE, (job(pod(**ENDED)),), (), False, [job(pod(**ENDED))]),
        (BEFORE, (job(pod(**ENDED, phase="Failed")),), (), False,
         [job(pod(**ENDED, phase="Failed"))]),
        (BEFORE, (job(pod(**ENDED, phase="Succeeded")),), (), True, []),
        # A stage that failed, whose Job would go on.
        ((entry("Failed", reason="DeadlineExceeded"),), (job(),), (), False, [job()]),
        ((entry("Failed", reason="ScratchFull"),), (job(),), (), False, [job()]),
        ((entry("Failed", reason="DeadlineExceeded"),), (job(terminating=True),), (), False, []),
        ((entry("Failed", reason="DeadlineExceeded"),), (job(complete=True),), (), False, []),
        ((entry("Failed", reason="ExitCode"),), (job(),), (), False, []),
        ((entry("Failed", reason="ExitCode"),), (job(pod(**ENDED)),), (), False,
         [job(pod(**ENDED))]),
        ((entry("Failed", reason="ExitCode"),), (job(pod(**ENDED, phase="Failed")),), (), False,
         []),
        ((entry("Failed", reason="ExitCode"),), (), (), False, []),
        ((BEFORE[0],), (job(run=7),), (), False, [job(run=7)]),
    ],
)  # fmt: skip
def test_step(
    entries: tuple[StageStatus, ...], jobs: tuple[ObservedJob, ...],
    pods: tuple[ObservedPod, ...], creates: bool, deletes: list[ObservedJob],
) -> None:  # fmt: skip
    step = plan(dubjob(), profile(), Observed(jobs, pods), entries, at(60))
    assert (step.create is not None, list(step.delete)) == (creates, deletes)


def test_nothing_is_created_while_suspended_or_without_a_profile() -> None:
    entries = [entry("Pending")]
    assert plan(dubjob(suspend=True), profile(), Observed(), entries, NOW).create is None
    assert plan(dubjob(), None, Observed(), entries, NOW).create is None


@pytest.mark.parametrize(
    ("same_node", "entries", "node"),
    [
        (False, BEFORE, ""),
        (True, BEFORE, "gpu-1"),
        (True, (entry("Succeeded", completion_time=SINCE), BEFORE[1]), ""),
        (True, (entry("Succeeded", node_name="gpu-1"), BEFORE[1]), ""),
        (True, (BEFORE[0], entry("Succeeded", "separate", completion_time=SINCE,
                                 node_name="gpu-2"), entry("Pending", "transcribe")), "gpu-2"),
    ],
)  # fmt: skip
def test_node_of_the_previous_stage(
    same_node: bool, entries: tuple[StageStatus, ...], node: str
) -> None:
    step = plan(dubjob(), profile(sameNode=same_node), Observed(), entries, NOW)
    assert step.create
    annotations = step.create["metadata"]["annotations"]
    assert annotations.get("dubjob.dev/node", "") == node


@pytest.mark.parametrize(
    ("current", "seen", "seconds"),
    [
        (entry("Pending"), None, None),
        (entry("Running"), job(pod()), 15.0),
        (MISSING, None, 541.0),
        (entry("Running"), job(pod(), timeout=65.0), 6.0),
        (entry("Running"), job(pod(), timeout=50.0), 1.0),
        (entry("Retrying"), None, None),
        (entry("Retrying", since=said(55)), None, 5.0),
        (entry("Pulling", reason="Starting", since=said(20)), job(), 20.0),
        (entry("Pulling", reason="Starting", since=SINCE), job(), None),
        (entry("Running"), job(pod(deletion=said(10))), 10.0),
    ],
)
def test_next_reconcile(
    current: StageStatus, seen: ObservedJob | None, seconds: float | None
) -> None:
    observed = Observed((seen,) if seen else ())
    limits = profile()
    if current is MISSING:
        assert plan(dubjob(), None, observed, [current], at(60)).requeue_after == seconds
    else:
        found = plan(dubjob(), limits, observed, [current], at(60)).requeue_after
        assert found == seconds


LOST = entry("Queued", "separate", reason="NoMatchingNode")


@pytest.mark.parametrize(
    ("current", "seen", "gives_up"),
    [
        (LOST, job(pod(), stage="separate", node="gpu-1"), True),
        (LOST, job(stage="separate", node="gpu-1"), False),
        (LOST, job(pod(), stage="separate"), False),
        (LOST, job(pod(), stage="mux", node="gpu-1"), False),
        (entry("Queued", "separate", reason="Unschedulable"),
         job(pod(), stage="separate", node="gpu-1"), False),
        (entry("Succeeded", "separate", reason="NoMatchingNode"),
         job(pod(), stage="separate", node="gpu-1"), False),
    ],
)  # fmt: skip
def test_lost_node_is_given_up_after_five_minutes(
    current: StageStatus, seen: ObservedJob, gives_up: bool
) -> None:
    entries, observed = [BEFORE[0], current], Observed((seen,))
    assert without_lost_node(dubjob(), entries, observed, at(299)) == entries
    after = without_lost_node(dubjob(), entries, observed, at(300))
    assert (after[0].node_name, after[1].run) == ((None, 2) if gives_up else ("gpu-1", 1))


def missing(stage: Stage | None, code: int = 66) -> ObservedPod:
    result = StageResult(stage=Stage.TRANSCRIBE, reason="InputMissing", missing_from=stage)
    return pod(phase="Failed", exit_code=code, result=result)


def states(*names: str, **last: Any) -> list[StageStatus]:
    *done, current = names
    return [
        *(entry("Succeeded", name, imports=True) for name in done),
        entry("Failed", current, job_name="j", **last),
    ]


@pytest.mark.parametrize(
    ("pods", "last", "recorded", "runs"),
    [
        ([missing(Stage.SEPARATE)], {}, None, [1, 2, 2]),
        ([missing(Stage.SEPARATE), pod(phase="Failed", exit_code=1)], {}, None, [1, 2, 2]),
        ([missing(Stage.INGEST), missing(Stage.SEPARATE)], {}, None, [1, 2, 2]),
        ([missing(None)], {}, None, [1, 1, 1]),
        ([missing(Stage.SEPARATE, code=65)], {}, None, [1, 1, 1]),
        ([pod(phase="Failed", exit_code=66)], {}, None, [1, 1, 1]),
        ([], {}, None, [1, 1, 1]),
        ([missing(Stage.SEPARATE)], {"rewinds": 2}, None, [1, 2, 2]),
        ([missing(Stage.SEPARATE)], {"rewinds": 3}, None, [1, 1, 1]),
        ([missing(Stage.SEPARATE)], {}, entry("Failed", "transcribe"), [1, 1, 1]),
        ([missing(Stage.SEPARATE)], {"run": 2}, entry("Failed", "transcribe"), [1, 2, 3]),
        ([missing(Stage.SEPARATE)], {}, entry("Running", "transcribe"), [1, 2, 2]),
    ],
)
def test_stage_whose_output_is_missing_runs_again(
    pods: list[ObservedPod], last: dict[str, Any], recorded: StageStatus | None, runs: list[int]
) -> None:
    before = DubJobStatus(stages=[recorded] if recorded else [])
    entries = states("ingest", "separate", "transcribe", **last)
    observed = Observed((job(*pods, name="j"),))
    after = rewound(dubjob(recorded=before), entries, observed, at(60))
    assert [each.run for each in after] == runs
    went_back = runs[1] == 2
    assert after[2].rewinds == (last.get("rewinds", 0) + 1 if went_back else last.get("rewinds"))
    assert after[1].rewinds is None
    assert [each.imports for each in after[:2]] == [True, None if went_back else True]


RESULT = StageResult(
    stage=Stage.INGEST, reason="Succeeded", reusable=[Stage.SEPARATE, Stage.TRANSCRIBE],
    corrected=[Stage.TRANSCRIBE, Stage.TRANSLATE],
    reusable_summaries={Stage.SEPARATE: StageSummary(segments=3), Stage.MUX: StageSummary()},
)  # fmt: skip
REPORTED = pod(phase="Succeeded", exit_code=0, result=RESULT)
DONE = entry("Succeeded", job_name="j")


@pytest.mark.parametrize(
    ("ingest", "recorded", "seen", "counts"),
    [
        (DONE, None, job(REPORTED, name="j"), True),
        (DONE, entry("Running"), job(REPORTED, name="j"), True),
        (DONE, entry("Succeeded"), job(REPORTED, name="j"), False),
        (DONE.model_copy(update={"run": 2}), entry("Succeeded"), job(REPORTED, name="j"), True),
        (entry("Running", job_name="j"), None, job(REPORTED, name="j"), False),
        (DONE, None, job(REPORTED, name="j", pipeline_hash="another"), False),
        (DONE, None, job(REPORTED, name="k"), False),
        (DONE, None, job(pod(phase="Succeeded", exit_code=0), name="j"), False),
        (DONE, None, job(name="j"), False),
    ],
)
def test_report_of_ingest_counts_once(
    ingest: StageStatus, recorded: StageStatus | None, seen: ObservedJob, counts: bool
) -> None:
    before = DubJobStatus(stages=[recorded] if recorded else [])
    later = [first(stage, "abc", NOW) for stage in ORDER[1:]]
    # Forced stages run, and those that run already go on.
    later[1] = later[1].model_copy(update={"forced": True})
    entries = [ingest, *later]
    after = reused(dubjob(recorded=before), entries, Observed((seen,)), "h", at(60))
    if not counts:
        assert after == entries
        return
    assert after[0] == ingest
    assert after[1] == entries[1].model_copy(
        update={
            "state": StageState.SUCCEEDED, "completion_time": said(60), "since": None,
            "reused": True, "summary": StageSummary(segments=3),
        }
    )  # fmt: skip
    assert after[2] == later[1].model_copy(update={"imports": True})
    assert after[3] == later[2].model_copy(update={"imports": True})
    assert after[4:] == entries[4:]


def test_stage_that_runs_already_neither_reuses_nor_imports() -> None:
    running = [entry("Running", str(stage)) for stage in ORDER[1:]]
    after = reused(dubjob(), [DONE, *running], Observed((job(REPORTED, name="j"),)), "h", NOW)
    assert after == [DONE, *running]
