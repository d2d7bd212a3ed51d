"""The limits of a stage, and the step that follows from its state."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from planning_world import NOW, dubjob, profile

from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning import messages
from dubjob_operator.planning.current_stage import limited, suspended
from dubjob_operator.planning.deadlines import nearest_limit
from dubjob_operator.planning.manifests import job_name
from dubjob_operator.planning.observation import Observed, ObservedJob
from dubjob_operator.planning.observed_pod import ObservedPod
from dubjob_operator.planning.plan import plan
from dubjob_operator.planning.times import timestamp

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


def test_next_reconcile_is_when_an_old_pod_is_reported() -> None:
    """Nothing else happens while its node is away."""
    observed = Observed((), (pod(),))
    step = plan(dubjob(), profile(), observed, [entry("Pending", since=said(20))], at(60))
    assert (step.create, step.requeue_after) == (None, 20.0)


def test_next_reconcile_is_at_the_limit_of_the_profile() -> None:
    limits, observed = profile(deadlines={"queueSeconds": 70}), Observed((job(),))
    step = plan(dubjob(), limits, observed, [entry("Queued", reason="Unschedulable")], at(60))
    assert step.requeue_after == 11.0


@pytest.mark.parametrize(("used", "state"), [(99, "Queued"), (100, "Failed")])
def test_limit_is_reached_when_nothing_is_left(used: int, state: str) -> None:
    current = entry("Queued", active_seconds=used, job_name=job().name)
    (after,) = limited(
        dubjob(deadlines={"activeSeconds": 100}), [current], profile(), Observed((job(),)), at(60)
    )
    assert after.state == state


@pytest.mark.parametrize(
    ("current", "observed", "run"),
    [
        (entry("Running", job_name="j", start_time=SINCE), Observed((job(),)), 2),
        (entry("Running", job_name="j", start_time=SINCE), Observed(), 2),
        (entry("Pending"), Observed((job(),)), 2),
        (entry("Pending"), Observed(), 1),
    ],
)
def test_suspended_stage_runs_again_if_it_had_a_job(
    current: StageStatus, observed: Observed, run: int
) -> None:
    (after,) = suspended(dubjob(suspend=True), [current], observed, at(60))
    assert (after.state, after.reason, after.run) == (StageState.PENDING, "Suspended", run)
    assert after.message == messages.SUSPENDED
    assert suspended(dubjob(), [current], observed, at(60)) == [current]
