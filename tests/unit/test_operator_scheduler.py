"""What the scheduler says, and what the operator makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from planning_world import World, profile

from dubjob_operator import names
from dubjob_operator.api.status import DubJobStatus, StageState
from dubjob_operator.planning.same_node import NODE_SECONDS

GONE = "0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [NodeAffinity]."
FULL = (
    "0/3 nodes are available: 1 Insufficient nvidia.com/gpu, "
    "2 node(s) didn't satisfy plugin(s) [NodeAffinity]."
)


def unscheduled(message: str) -> dict[str, str]:
    return {"type": "PodScheduled", "status": "False", "message": message}


def of(after: DubJobStatus) -> tuple[str, str | None]:
    entry = next(each for each in after.stages if each.state is not StageState.SUCCEEDED)
    return entry.state, entry.reason


@pytest.mark.parametrize(
    ("message", "state", "reason", "remedy"),
    [
        ("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
         "Pulling", "ClaimNotBound", "StorageClass"),
        ("0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind.",
         "Pulling", "ClaimNotBound", "StorageClass"),
        ('running PreBind plugin: storageclass.storage.k8s.io "fast" not found',
         "Pulling", "ClaimNotBound", "StorageClass"),
        ('0/1 nodes are available: persistentvolumeclaim "media" not found.',
         "Pulling", "ClaimNotFound", "Create the claim"),
        ('persistentvolumeclaim "media" is being deleted', "Pulling", "ClaimNotFound", ""),
        ('0/1 nodes are available: resourceclaim.resource.k8s.io "gpu" not found.',
         "Pulling", "ResourceClaimNotFound", "resourceClaims"),
        ("0/2 nodes are available: 2 node(s) had volume node affinity conflict.",
         "Queued", "VolumeOnOtherNode", "volume"),
        ("0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.",
         "Queued", "VolumeOnOtherNode", "volume"),
        ("0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
         "Queued", "NoMatchingNode", "nodeSelector"),
        ("0/1 nodes are available: 1 node(s) had untolerated taint {gpu: }.",
         "Queued", "NoMatchingNode", "tolerations"),
        ("1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.",
         "Queued", "Unschedulable", ""),
        ("1 Insufficient nvidia.com/gpu, 1 node(s) didn't match Pod's node affinity/selector.",
         "Queued", "Unschedulable", ""),
        ("1 node(s) were unschedulable, 1 node(s) had volume node affinity conflict.",
         "Queued", "Unschedulable", ""),
        ("0/1 nodes are available: 1 node(s) unavailable due to PersistentVolumeClaim with "
         "ReadWriteOncePod access mode already in-use by another pod.",
         "Queued", "Unschedulable", ""),
        ("no nodes available to schedule pods", "Queued", "Unschedulable", ""),
        ("Scheduling is blocked due to non-empty scheduling gates",
         "Queued", "AwaitingAdmission", ""),
    ],
)  # fmt: skip
def test_message_of_the_scheduler(message: str, state: str, reason: str, remedy: str) -> None:
    world = World(deadlines={"startSeconds": 600})
    world.step()
    world.pod("Pending", conditions=[unscheduled(message)])
    after = world.later(6)
    assert of(after) == (state, reason)
    said = after.stages[0].message or ""
    assert said.startswith(message.rstrip("."))
    assert remedy in said
    failed = world.later(601).condition("Failed")
    assert bool(failed) is (state == "Pulling"), "only what no node can ever run is a fault"


def pinned(world: World) -> str | None:
    """The only node of the Job that was created last."""
    job: dict[str, Any] = list(world.jobs.values())[-1]
    affinity = job["spec"]["template"]["spec"].get("affinity")
    node = job["metadata"]["annotations"].get(names.NODE_ANNOTATION)
    assert bool(affinity) is bool(node)
    return str(node) if node else None


def second_stage() -> World:
    """A DubJob whose first stage ran on node-7, and whose second must run there too."""
    world = World()
    world.profile = profile(sameNode=True)
    world.step()
    world.succeed(node="node-7")
    world.step()
    world.step()
    assert pinned(world) == "node-7"
    return world


def test_stage_leaves_a_node_that_is_gone() -> None:
    world = second_stage()
    world.pod("Pending", conditions=[unscheduled(GONE)])
    after = world.later(NODE_SECONDS - 1)
    assert of(after) == ("Queued", "NoMatchingNode")
    assert "node-7" in (after.stages[1].message or "")
    world.later(2)
    world.step()
    world.step()
    assert pinned(world) is None
    assert world.created == ["ingest", "separate", "separate"]
    world.succeed(node="node-8")
    world.step()
    world.step()
    assert pinned(world) == "node-8", "later stages stay together"


def test_stage_waits_for_a_full_node() -> None:
    world = second_stage()
    world.pod("Pending", conditions=[unscheduled(FULL)])
    assert of(world.later(10 * NODE_SECONDS)) == ("Queued", "Unschedulable")
    assert world.created == ["ingest", "separate"]


def test_stage_without_a_fixed_node_waits_for_a_matching_one() -> None:
    world = World()
    world.step()
    world.pod("Pending", conditions=[unscheduled(GONE)])
    assert of(world.later(10 * NODE_SECONDS)) == ("Queued", "NoMatchingNode")
    assert world.created == ["ingest"]


def test_job_of_another_cluster_is_not_supported() -> None:
    world = World(deadlines={"startSeconds": 600})
    world.step()
    (job,) = world.jobs.values()
    job["spec"]["managedBy"] = "kueue.x-k8s.io/multikueue"
    after = world.later(61)
    assert of(after) == ("Queued", "ManagedElsewhere")
    assert "kueue.x-k8s.io/multikueue" in (after.stages[0].message or "")
    assert world.later(601).condition("Failed")


def test_job_of_the_job_controller_is_supported() -> None:
    world = World()
    world.step()
    (job,) = world.jobs.values()
    job["spec"]["managedBy"] = "kubernetes.io/job-controller"
    assert of(world.later(61)) == ("Queued", "NoPod")


def test_pod_that_no_scheduler_looks_at_is_reported_after_a_minute() -> None:
    world = World(deadlines={"startSeconds": 600})
    world.step()
    world.pod("Pending")
    world.pods[-1]["status"] = {"phase": "Pending"}
    assert of(world.later(6)) == ("Pulling", "Starting")
    assert of(world.later(59)) == ("Pulling", "Starting")
    after = world.later(1)
    assert of(after) == ("Queued", "NoScheduler")
    assert "schedulerName" in (after.stages[0].message or "")
    assert of(world.later(3600)) == ("Queued", "NoScheduler"), "an outage is waited for"
    world.pods[-1]["status"]["conditions"] = [{"type": "PodScheduled", "status": "True"}]
    assert of(world.later(1)) == ("Pulling", "Starting")
