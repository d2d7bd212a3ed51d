"""Which stages run again, and which need not run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from planning_world import NOW, dubjob

from dubjob_operator.api.status import DubJobStatus, StageState, StageStatus
from dubjob_operator.planning.manifests import job_name
from dubjob_operator.planning.observation import Observed, ObservedJob
from dubjob_operator.planning.observed_pod import ObservedPod
from dubjob_operator.planning.pipeline import ORDER
from dubjob_operator.planning.reuse import reused
from dubjob_operator.planning.rewind import rewound
from dubjob_operator.planning.same_node import without_lost_node
from dubjob_operator.planning.stage_entry import first
from dubjob_operator.planning.times import timestamp
from dubjob_operator.planning.verbs import STAGES, approval, handled_approval, retried
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


BEFORE = (
    entry("Succeeded", completion_time=SINCE, node_name="gpu-1"),
    entry("Pending", "separate"),
)


@pytest.mark.parametrize(
    ("value", "states", "runs"),
    [
        ("failed@1", ("Succeeded", "Failed", "Pending"), [1, 2, 2]),
        ("failed@1@2", ("Succeeded", "Failed", "Pending"), [1, 2, 2]),
        ("failed@1", ("Succeeded", "Succeeded", "Succeeded"), [1, 1, 1]),
        ("ingest@1", ("Succeeded", "Succeeded", "Succeeded"), [2, 2, 2]),
        ("handled@1", ("Failed", "Pending", "Pending"), [1, 1, 1]),
        ("mux@handled", ("Failed", "Pending", "Pending"), [1, 1, 1]),
    ],
)
def test_retry_begins_at_its_stage(value: str, states: tuple[str, ...], runs: list[int]) -> None:
    entries = [entry(state, name) for state, name in zip(states, STAGES, strict=False)]
    before = DubJobStatus(observed_generation=1, last_handled_retry="mux@handled")
    owner = dubjob(recorded=before, annotations={"dubjob.dev/retry": value})
    after = retried(owner, entries, at(60))
    assert [each.run for each in after] == runs
    assert [each.forced for each in after] == [run == 2 or None for run in runs]


@pytest.mark.parametrize(
    ("given", "reviewed", "open_", "handled"),
    [
        ("ingest.1.111111", True, "ingest.1.111111", "ingest.1.111111"),
        ("ingest.1.111111", None, "ingest.1.111111", "old"),
        ("ingest.2.111111", True, "ingest.2.111111", "old"),
        ("old", True, None, "old"),
        (None, True, None, "old"),
    ],
)
def test_approval_is_handled_once(
    given: str | None, reviewed: bool | None, open_: str | None, handled: str
) -> None:
    before = DubJobStatus(observed_generation=1, last_handled_approval="old")
    annotations = {"dubjob.dev/approve": given} if given else {}
    owner = dubjob(recorded=before, annotations=annotations)
    entries = [entry("Pending", run=2, reviewed=reviewed)]
    assert approval(owner) == open_
    assert handled_approval(owner, entries) == handled


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
