"""Whatever happens in whatever order, planning comes to the same end."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from planning_world import World, profile

from dubjob_operator.api.status import StageState
from dubstage.contract import Stage

STAGES = [str(stage) for stage in Stage]
DISRUPTED = [{"type": "DisruptionTarget", "status": "True"}]
UNSCHEDULABLE = [{"type": "PodScheduled", "status": "False", "message": "no node"}]


def live_pod(world: World) -> bool:
    return any(pod["status"]["phase"] in ("Pending", "Running") for pod in world.pods)


def run_pod(world: World) -> None:
    if world.jobs and is_open(world):
        world.pod("Running")


def wait_pod(world: World) -> None:
    if world.jobs and is_open(world) and not live_pod(world):
        world.pod("Pending", conditions=UNSCHEDULABLE)


def end_pod(world: World) -> None:
    if world.jobs and is_open(world):
        world.succeed()


def evict_pod(world: World) -> None:
    if world.jobs and is_open(world) and live_pod(world):
        world.pod("Failed", 143, conditions=DISRUPTED)


def is_open(world: World) -> bool:
    """True where the newest Job has no pod that has succeeded."""
    name = list(world.jobs)[-1]
    return not any(
        pod["metadata"]["job"] == name and pod["status"]["phase"] == "Succeeded"
        for pod in world.pods
    )


def delete_job(world: World) -> None:
    if world.jobs:
        del world.jobs[list(world.jobs)[-1]]
        world.pods.clear()


def delete_pods(world: World) -> None:
    world.pods = [pod for pod in world.pods if pod["status"]["phase"] == "Succeeded"]


def forget_status(world: World) -> None:
    """A write that was lost: the next reconcile starts from what was recorded before."""
    before = world.dubjob
    world.step()
    world.dubjob = before


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
    delete_pods, forget_status, wait, lose_profile, suspend, resume, World.complete,
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(ACTIONS), max_size=40))
def test_every_order_of_events_completes(actions: list[Action]) -> None:
    world = World(deadlines={"startSeconds": 86400})
    world.profile = profile(maxDisruptions=1000)
    for action in actions:
        action(world)
        assert len([pod for pod in world.pods if pod["status"]["phase"] == "Running"]) <= 1
        active = [job for job in world.jobs.values() if not job["status"].get("conditions")]
        assert len({job["metadata"]["name"] for job in active}) <= 2
    resume(world)
    world.profile = profile(maxDisruptions=1000)
    for _ in range(60):
        after = world.step()
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


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(ACTIONS), max_size=30))
def test_repeated_reconcile_changes_nothing(actions: list[Action]) -> None:
    """Level, not edge: seen twice is seen once."""
    world = World(deadlines={"startSeconds": 86400})
    for action in actions:
        action(world)
    world.step()
    world.step()
    world.step()
    before, created = world.dubjob.status, len(world.created)
    world.step()
    assert world.dubjob.status == before
    assert len(world.created) == created
