"""Whatever happens in whatever order, planning comes to the same end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from planning_world import World, profile

from dubjob_operator.api.status import StageState
from dubjob_operator.planning.times import timestamp
from dubstage.contract import Stage, StageResult

STAGES = [str(stage) for stage in Stage]
DISRUPTED = [{"type": "DisruptionTarget", "status": "True"}]
UNSCHEDULABLE = [{"type": "PodScheduled", "status": "False", "message": "no node"}]


def live_pod(world: World) -> bool:
    return any(pod["status"]["phase"] in ("Pending", "Running") for pod in world.pods)


def suffix(world: World) -> str:
    """The end of the name of the newest Job's pod: its live one, or a new one."""
    name = list(world.jobs)[-1]
    for pod in world.pods:
        metadata = pod["metadata"]
        if metadata["job"] == name and pod["status"]["phase"] in ("Pending", "Running"):
            return str(metadata["name"]).removeprefix(f"{name}-")
    world.names += 1
    return f"p{world.names}"


def run_pod(world: World) -> None:
    if world.jobs and is_open(world) and not writers(world):
        world.pod("Running", suffix=suffix(world))


def wait_pod(world: World) -> None:
    if world.jobs and is_open(world) and not live_pod(world):
        world.pod("Pending", conditions=UNSCHEDULABLE, suffix=suffix(world))


def end_pod(world: World) -> None:
    if world.jobs and is_open(world):
        world.succeed(suffix=suffix(world))


def fail_pod(world: World) -> None:
    if world.jobs and is_open(world) and live_pod(world):
        world.pod("Failed", 75, suffix=suffix(world))


def evict_pod(world: World) -> None:
    if world.jobs and is_open(world) and live_pod(world):
        world.pod("Failed", 143, conditions=DISRUPTED, suffix=suffix(world))


def writers(world: World) -> list[str]:
    """The pods whose stage runs."""
    return [
        pod["metadata"]["name"]
        for pod in world.pods
        for container in pod["status"]["containerStatuses"]
        if container["name"] == "stage" and "running" in container["state"]
    ]


def is_open(world: World) -> bool:
    """True where the newest Job has no pod that has succeeded."""
    name = list(world.jobs)[-1]
    return not any(
        pod["metadata"]["job"] == name and pod["status"]["phase"] == "Succeeded"
        for pod in world.pods
    )


def delete_job(world: World) -> None:
    """By hand."""
    if world.jobs:
        world.delete(list(world.jobs)[-1])


def delete_pods(world: World) -> None:
    """Pods of Jobs that have not finished, unless they have succeeded."""
    world.pods = [
        pod
        for pod in world.pods
        if pod["status"]["phase"] == "Succeeded"
        or world.jobs.get(pod["metadata"]["job"], {}).get("status", {}).get("conditions")
    ]


def refuse_status(world: World) -> None:
    """The next status is not written: the reconcile after it starts from what was recorded."""
    world.refuses_status = True


def lose_node(world: World) -> None:
    """The taint manager deletes the pods of the node, and no kubelet confirms it."""
    world.lost_nodes.add("")
    for pod in world.pods:
        if pod["status"]["phase"] == "Running":
            pod["metadata"]["deletionTimestamp"] = timestamp(world.now + timedelta(seconds=30))
            pod["status"]["conditions"] = DISRUPTED


def find_node(world: World) -> None:
    """The node is deleted, and with it its pods."""
    if world.lost_nodes:
        world.pods = [pod for pod in world.pods if not pod["metadata"].get("deletionTimestamp")]
        world.lost_nodes.clear()


def leave_sidecar(world: World) -> None:
    """The stage ends, another container does not."""
    if world.jobs and is_open(world) and live_pod(world):
        stage = next(iter(reversed(world.jobs.values())))["metadata"]["labels"]["dubjob.dev/stage"]
        text = StageResult(stage=Stage(stage), reason="Succeeded").to_termination_message()
        world.pod("Running", 0, message=text, sidecar={"running": {}}, suffix=suffix(world))


def reject_pod(world: World) -> None:
    """The kubelet does not admit it, and the Job has no more attempts."""
    if world.jobs and is_open(world) and not live_pod(world):
        status = {"reason": "UnexpectedAdmissionError", "message": "no healthy devices"}
        world.pod("Failed", rejected=True, status=status, suffix=suffix(world))
        world.fail()


def tick(world: World) -> None:
    """Time passes without a reconcile."""
    world.now += timedelta(seconds=45)


def wait(world: World) -> None:
    world.now = world.now.replace(microsecond=0)
    world.later(61)


def lose_profile(world: World) -> None:
    world.profile = None
    world.step()
    world.profile = profile()


def suspend(world: World) -> None:
    world.change(suspend=True)
    world.step()


def resume(world: World) -> None:
    world.change(suspend=False)
    world.step()


Action = Callable[[World], object]
ACTIONS: list[Action] = [
    World.step, World.step, run_pod, wait_pod, end_pod, end_pod, evict_pod, delete_job,
    delete_pods, refuse_status, wait, tick, lose_profile, suspend, resume, World.complete,
    lose_node, find_node, leave_sidecar, reject_pod,
]  # fmt: skip


@settings(max_examples=150)
@given(st.lists(st.sampled_from(ACTIONS), max_size=40))
def test_every_order_of_events_completes(actions: list[Action]) -> None:
    world = World(deadlines={"startSeconds": 86400})
    world.profile = profile(maxDisruptions=1000)
    for action in actions:
        action(world)
        assert len(writers(world)) <= 1, "two pods write to one folder"
    find_node(world)
    world.refuses_status = False
    resume(world)
    world.profile = profile(maxDisruptions=1000)
    for _ in range(90):
        after = world.later(40)
        condition = after.condition("Finished")
        if condition and condition.status == "True":
            break
        delete_pods(world)
        end_pod(world)
    assert condition is not None
    assert condition.reason == "Completed", condition
    assert [entry.state for entry in after.stages] == [StageState.SUCCEEDED] * len(STAGES)
    assert world.step() == after
    assert after.estimated_remaining_seconds is None


@settings(max_examples=100)
@given(st.lists(st.sampled_from(ACTIONS), max_size=30))
def test_repeated_reconcile_changes_nothing(actions: list[Action]) -> None:
    """Level, not edge: seen twice is seen once."""
    world = World(deadlines={"startSeconds": 86400})
    for action in actions:
        action(world)
    world.refuses_status = False
    for _ in range(5):
        world.step()
    before, created = world.dubjob.status, len(world.created)
    world.step()
    assert world.dubjob.status == before
    assert len(world.created) == created


LIMIT_SECONDS = 300


def long_tick(world: World) -> None:
    """A good part of the limit passes without a reconcile."""
    world.now += timedelta(seconds=140)


LIMITED: list[Action] = [
    World.step, World.step, World.step, run_pod, run_pod, run_pod, evict_pod, delete_pods,
    delete_job, refuse_status, long_tick, long_tick, long_tick, suspend, resume, end_pod, fail_pod,
]  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.sampled_from(LIMITED), min_size=10, max_size=40))
def test_no_job_is_created_after_its_deadline(actions: list[Action]) -> None:
    world = World(deadlines={"activeSeconds": LIMIT_SECONDS}, backoffLimit=20)
    world.profile = profile(maxDisruptions=1000)
    ran, runs = 0.0, set()
    for action in [World.step, run_pod, World.step, *actions]:
        recorded = [each.pod_name for each in world.dubjob.status.stages if each.start_time]
        running = set(writers(world)) & set(recorded)
        begun, count = world.now, len(world.created)
        action(world)
        ran += (world.now - begun).total_seconds() if running else 0.0
        runs |= running
        if len(world.created) > count:
            assert ran < LIMIT_SECONDS + len(runs), "a rounding error for each pod"
