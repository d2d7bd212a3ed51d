"""How pods really end: evicted, rejected, lost, held by a sidecar, never started."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from planning_world import NOW, World, profile

from dubjob_operator.api.status import DubJobStatus, StageState
from dubjob_operator.planning.times import timestamp
from dubstage.contract import Stage, StageResult

DISRUPTED = {"type": "DisruptionTarget", "status": "True"}
RUNNING = {"running": {"startedAt": timestamp(NOW)}}
SCRATCH = 'Usage of EmptyDir volume "scratch" exceeds the limit "2Gi". '
REJECTED = {
    "reason": "UnexpectedAdmissionError",
    "message": "Pod was rejected: Allocate failed due to no healthy devices present",
}


def result(reason: str) -> str:
    return StageResult(
        stage=Stage.INGEST, reason=reason, message="No audio."
    ).to_termination_message()


def started(**spec: Any) -> World:
    """A world whose first Job exists."""
    world = World(**spec)
    world.step()
    return world


def state(after: DubJobStatus) -> tuple[str, str | None]:
    return after.stages[0].state, after.stages[0].reason


def message(after: DubJobStatus) -> str:
    found = after.condition("Finished")
    assert found
    return found.message


@pytest.mark.parametrize(
    ("told", "field", "conditions"),
    [
        (SCRATCH, "spec.scratchSizeLimit", []),
        (SCRATCH, "spec.scratchSizeLimit", [DISRUPTED]),
        ("Pod ephemeral local storage usage exceeds the total limit of containers 10Gi. ",
         "spec.stages.ingest.resources.limits.ephemeral-storage", []),
        ('Container stage exceeded its local ephemeral storage limit "1Gi". ',
         "spec.stages.ingest.resources.limits.ephemeral-storage", []),
    ],
)  # fmt: skip
@pytest.mark.parametrize("code", [143, 137, None])
def test_full_scratch_is_not_retried(
    told: str, field: str, conditions: list[dict[str, str]], code: int | None
) -> None:
    world = started()
    world.pod(
        "Failed", code, conditions=conditions, rejected=code is None,
        status={"reason": "Evicted", "message": told},
    )  # fmt: skip
    after = world.step()
    assert state(after) == (StageState.FAILED, "ScratchFull")
    assert told.strip() in message(after)
    assert f"Raise {field} of DubProfile default." in message(after)
    world.later(1)
    assert not world.jobs, "its Job would retry"
    assert world.created == ["ingest"]


def test_node_that_is_short_of_storage_is_a_disruption() -> None:
    world = started()
    told = "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi. "
    world.pod("Failed", 143, conditions=[DISRUPTED], status={"reason": "Evicted", "message": told})
    after = world.step()
    assert state(after) == (StageState.RETRYING, "Disrupted")
    assert told.strip() in message(after)


@pytest.mark.parametrize(
    ("code", "reason", "expected"), [(0, "Succeeded", "Succeeded"), (65, "NoAudioStream", "Failed")]
)
def test_result_counts_though_a_sidecar_runs(code: int, reason: str, expected: str) -> None:
    world = started(deadlines={"activeSeconds": 3600})
    world.pod("Running", code, message=result(reason), sidecar=RUNNING)
    assert state(world.later(10)) == (StageState.RUNNING, None)
    after = world.later(25)
    assert after.stages[0].state == expected
    assert "istio-proxy" in (after.stages[0].message or "")
    assert sum("istio-proxy" in event for event in world.events if event.startswith("S")) == 1
    ingest = [name for name in world.jobs if "ingest" in name]
    world.step()
    world.step()
    assert not set(ingest) & set(world.jobs), "the sidecar would hold its GPU"
    assert world.created == (["ingest"] if code else ["ingest", "separate"])


def test_fast_clock_of_a_node_does_not_hide_a_sidecar() -> None:
    world = started()
    ahead = {"finishedAt": timestamp(NOW + timedelta(hours=3))}
    world.pod("Running", 0, message=result("Succeeded"), sidecar=RUNNING, terminated=ahead)
    assert world.later(1).stages[0].state == StageState.SUCCEEDED


def test_sidecar_that_fails_does_not_fail_the_stage() -> None:
    """The phase of the pod is Failed, and its Job would retry it."""
    world = started()
    failed = {"terminated": {"exitCode": 1, "reason": "Error"}}
    world.pod("Failed", 0, message=result("Succeeded"), sidecar=failed)
    assert world.step().stages[0].state == StageState.SUCCEEDED
    world.step()
    assert world.created == ["ingest", "separate"]


def test_failures_behind_a_sidecar_are_retried_up_to_the_limit() -> None:
    world = started(backoffLimit=1)
    world.pod("Running", 1, message=result("TemporaryFailure"), sidecar=RUNNING)
    assert state(world.later(40)) == (StageState.RETRYING, "TemporaryFailure")
    world.step()
    world.later(11)
    assert world.created == ["ingest", "ingest"]
    (job,) = world.jobs.values()
    assert job["spec"]["backoffLimit"] == 0
    world.later(5)
    world.pod("Running", 1, message=result("TemporaryFailure"), sidecar=RUNNING)
    after = world.later(40)
    assert state(after) == (StageState.FAILED, "TemporaryFailure")
    assert message(after).startswith("After 2 attempts")


def test_timeout_does_not_discard_a_stage_that_has_ended() -> None:
    world = World()
    world.profile = profile({"timeoutSeconds": 20})
    world.step()
    world.pod("Running", sidecar=RUNNING)
    world.step()
    world.now += timedelta(seconds=15)
    world.pod("Running", 0, message=result("Succeeded"), sidecar=RUNNING)
    assert state(world.later(10)) == (StageState.RUNNING, None)
    assert world.later(25).stages[0].state == StageState.SUCCEEDED


def test_lost_node_is_a_fault() -> None:
    world = started(deadlines={"startSeconds": 600})
    world.pod("Running", node="gpu-1")
    world.step()
    deletion = timestamp(world.now + timedelta(seconds=330))
    world.pod("Running", node="gpu-1", deletion=deletion, conditions=[DISRUPTED])
    assert state(world.later(380)) == (StageState.RUNNING, None)
    after = world.later(15)
    assert state(after) == (StageState.RETRYING, "NodeLost")
    finished = after.condition("Finished")
    assert finished
    assert finished.reason == "NodeLost"
    pod = world.pods[-1]["metadata"]["name"]
    assert message(after).endswith(f"kubectl -n dubbing delete pod {pod} --force")
    assert "gpu-1" in message(after)
    assert any(event.startswith("StageRetrying") for event in world.events)
    assert after.condition("Stalled")
    assert state(world.later(590)) == (StageState.RETRYING, "NodeLost")
    assert state(world.later(11)) == (StageState.FAILED, "StartDeadlineExceeded")
    assert world.created == ["ingest"]


def test_node_that_returns_continues() -> None:
    world = started()
    world.pod("Running", node="gpu-1", deletion=timestamp(NOW))
    assert state(world.later(100)) == (StageState.RETRYING, "NodeLost")
    world.pod("Failed", 143, node="gpu-1", conditions=[DISRUPTED])
    assert state(world.step()) == (StageState.RETRYING, "Disrupted")
    world.succeed()
    assert world.step().stages[0].state == StageState.SUCCEEDED


def reject(world: World, times: int) -> None:
    for number in range(times):
        world.pod("Failed", rejected=True, suffix=f"r{number}", node="gpu-1", status=REJECTED)
    world.fail()


def test_rejected_pods_do_not_fail_the_stage() -> None:
    world = started(backoffLimit=2)
    reject(world, 3)
    after = world.step()
    assert state(after) == (StageState.RETRYING, "PodRejected")
    assert REJECTED["message"] in message(after)
    assert "gpu-1" in message(after)
    world.later(5)
    assert world.created == ["ingest"], "the device plugin needs a moment"
    world.later(40)
    assert world.created == ["ingest", "ingest"]
    world.succeed()
    world.later(1)
    assert world.dubjob.status.stages[0].state == StageState.SUCCEEDED


def test_rejections_are_limited_and_come_ever_later() -> None:
    world = World()
    world.profile = profile(maxDisruptions=5)
    world.step()
    begun = world.now
    while len(world.created) < 6 and not world.dubjob.status.completion_time:
        reject(world, 1)
        world.later(1)
        for _ in range(400):
            if len(world.jobs) == 0 or not world.jobs[list(world.jobs)[-1]]["status"]:
                break
            if world.dubjob.status.completion_time:
                break
            world.later(1)
    reject(world, 1)
    after = world.later(1)
    assert state(after) == (StageState.FAILED, "TooManyDisruptions")
    assert REJECTED["message"] in message(after)
    assert len(world.created) == 6
    assert (world.now - begun).total_seconds() > 10 + 20 + 40 + 80 + 160


def test_own_failures_count_though_others_were_rejected() -> None:
    world = started(backoffLimit=1)
    world.pod("Failed", 1, suffix="own")
    world.pod("Failed", rejected=True, suffix="r", status=REJECTED)
    world.fail()
    after = world.step()
    assert state(after) == (StageState.RETRYING, "PodRejected")
    assert (after.stages[0].failures, after.stages[0].disruptions) == (1, 1)
    world.later(40)
    assert next(iter(reversed(world.jobs.values())))["spec"]["backoffLimit"] == 0
    world.pod("Failed", 1)
    world.fail()
    assert state(world.later(1)) == (StageState.FAILED, "ExitCode")


@pytest.mark.parametrize("never", ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_container_that_never_started_takes_no_time(never: str) -> None:
    world = started(deadlines={"activeSeconds": 3600})
    told = "OCI runtime create failed: nvml error: driver not loaded"
    ended = {"startedAt": never}
    world.pod("Failed", 128, reason="StartError", message=told, terminated=ended, node="gpu-1")
    after = world.later(1)
    assert state(after) == (StageState.RETRYING, "StartError")
    assert told in message(after)
    world.later(10)
    world.pod("Running", suffix="b")
    assert state(world.later(5)) == (StageState.RUNNING, None)


def test_slow_clock_of_a_node_takes_no_time() -> None:
    """A board without a battery starts in the year 1970, and its stages run."""
    world = started(deadlines={"activeSeconds": 3600})
    world.pod("Running")
    (container,) = world.pods[-1]["status"]["containerStatuses"]
    container["state"]["running"]["startedAt"] = "1970-01-01T00:10:00Z"
    assert state(world.later(5)) == (StageState.RUNNING, None)


@pytest.mark.parametrize(
    ("reason", "told", "is_quoted"),
    [
        ("ContainerStatusUnknown", "The container could not be located when the pod ended", True),
        ("Error", "Traceback (most recent call last)", False),
        ("Error", "", False),
    ],
)
def test_only_kubernetes_is_quoted(reason: str, told: str, is_quoted: bool) -> None:
    world = started()
    world.pod("Failed", 137, reason=reason, message=told)
    after = world.step()
    assert state(after) == (StageState.RETRYING, "ExitCode")
    assert (bool(told) and told in message(after)) is is_quoted


def test_preemption_by_a_queue_is_not_a_failure() -> None:
    world = World(queueName="dubs")
    world.profile = profile(maxDisruptions=0)
    world.step()
    job = next(iter(world.jobs.values()))
    for number in range(30):
        world.pod("Running", suffix=f"p{number}")
        assert state(world.later(10)) == (StageState.RUNNING, None)
        job["spec"]["suspend"] = True
        ending = timestamp(world.now + timedelta(seconds=30))
        world.pod("Failed", 143, suffix=f"p{number}", deletion=ending)
        assert state(world.later(10)) == (StageState.QUEUED, "AwaitingAdmission")
        world.pods.clear()
        assert state(world.later(10)) == (StageState.QUEUED, "AwaitingAdmission")
        job["spec"]["suspend"] = False
    assert not any(event.startswith("StageRetrying") for event in world.events)


def test_disruptions_under_a_queue_have_no_limit() -> None:
    """Its scheduler may preempt the pods before the queue suspends the Job."""
    world = World(queueName="dubs")
    world.profile = profile(maxDisruptions=0)
    world.step()
    for number in range(3):
        world.pods.clear()
        world.pod("Running", suffix=f"p{number}")
        world.step()
        world.pod("Failed", 143, suffix=f"p{number}", conditions=[DISRUPTED])
        assert state(world.step()) == (StageState.RETRYING, "Disrupted")


def test_pods_ask_meshes_not_to_inject_a_proxy() -> None:
    world = started()
    template = next(iter(world.jobs.values()))["spec"]["template"]["metadata"]
    assert template["labels"]["sidecar.istio.io/inject"] == "false"
    assert template["annotations"]["linkerd.io/inject"] == "disabled"
    for kind in ("labels", "annotations"):
        other = World()
        other.profile = profile({kind: {"sidecar.istio.io/inject": "true"}})
        other.step()
        template = next(iter(other.jobs.values()))["spec"]["template"]["metadata"]
        assert template[kind]["sidecar.istio.io/inject"] == "true"
        # Istio prefers the label.
        assert template["labels"].get("sidecar.istio.io/inject", "true") == "true"


def test_attempts_of_all_runs_count_toward_the_active_deadline() -> None:
    """Evicted pods that are gone, and runs before a suspension and a retry."""
    world = started(deadlines={"activeSeconds": 500})
    for number in range(2):
        world.pod("Running", suffix=f"a{number}")
        world.later(1)
        world.now += timedelta(seconds=89)
        world.pods.clear()
        world.pod("Pending", suffix=f"b{number}")
        world.later(10)
    assert world.dubjob.status.stages[0].active_seconds == 180
    world.pod("Running", suffix="c")
    world.later(90)
    world.change(suspend=True)
    assert world.step().stages[0].active_seconds == 270
    world.step()
    world.later(5000)
    world.change(suspend=False)
    world.step()
    world.pod("Running")
    world.later(90)
    world.change({"dubjob.dev/retry": "ingest@1"}, suspend=False)
    assert world.step().stages[0].active_seconds == 360
    world.step()
    world.step()
    world.pod("Running")
    assert state(world.later(139)) == (StageState.RUNNING, None)
    assert state(world.later(2)) == (StageState.FAILED, "DeadlineExceeded")


def test_failed_attempts_of_finished_stages_count() -> None:
    world = started(deadlines={"activeSeconds": 400})
    world.pod("Running", suffix="a")
    begun = {"startedAt": timestamp(world.now)}
    world.later(1)
    world.now += timedelta(seconds=199)
    world.pod("Failed", 1, suffix="a", terminated=begun)
    world.pods[-1]["metadata"]["creationTimestamp"] = begun["startedAt"]
    world.later(1)
    world.pod("Running", suffix="b")
    world.later(1)
    world.now += timedelta(seconds=99)
    world.succeed()
    world.pods[-1]["metadata"]["name"] = world.pods[-2]["metadata"]["name"][:-1] + "b"
    after = world.later(1)
    assert after.stages[0].active_seconds == 200


def test_wait_for_capacity_counts_across_admissions() -> None:
    world = started(deadlines={"queueSeconds": 3600})
    job = next(iter(world.jobs.values()))
    for _ in range(2):
        job["spec"]["suspend"] = True
        world.pods.clear()
        world.later(10)
        world.later(1500)
        job["spec"]["suspend"] = False
        world.pod("Running")
        assert state(world.later(10)) == (StageState.RUNNING, None)
    assert 3000 <= (world.dubjob.status.stages[0].queued_seconds or 0) < 3100
    job["spec"]["suspend"] = True
    world.pods.clear()
    world.later(10)
    assert state(world.later(700)) == (StageState.FAILED, "QueueDeadlineExceeded")
