"""What the operator remembers of the DubJobs."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from planning_world import UID, World

from dubjob_operator.cluster.cache import Cache, ObjectCache
from dubjob_operator.cluster.cached_object import CachedDubJob, CachedObject, slim
from dubjob_operator.names import label_value
from dubjob_operator.planning.observation import observe

KEY = ("dubbing", "talk")


def stored(uid: str, generation: int = 1) -> CachedDubJob:
    metadata: dict[str, Any] = {
        "name": "talk", "namespace": "dubbing", "uid": uid, "generation": generation,
        "resourceVersion": "1",
    }  # fmt: skip
    return CachedDubJob.of({"metadata": metadata})


def test_recreated_object_stays_in_the_cache() -> None:
    """What is heard of the old one, and of the new, comes in any order."""
    indexed = Cache()
    kept = indexed.dubjobs
    kept.put(KEY, stored("old"))
    assert kept.put(KEY, stored("new")) is None, "it was never heard of"
    assert kept.put(KEY, stored("old")) == stored("old")
    assert set(kept.versions()) == {"old", "new"}
    kept.remove("old")
    assert indexed.dubjob(KEY) == stored("new")
    kept.remove("new")
    assert indexed.dubjob(KEY) is None
    assert kept.every_key() == []


def test_cached_object_has_its_latest_label() -> None:
    kept: ObjectCache[CachedDubJob] = ObjectCache()
    kept.put(KEY, stored("one"))
    assert kept.put(("dubbing", "other"), stored("one", 2)) == stored("one")
    assert kept.of(KEY) == []
    assert kept.every() == kept.of(("dubbing", "other")) == [stored("one", 2)]


def test_pod_finds_its_dubjob_by_a_shortened_name() -> None:
    indexed = Cache()
    long = ("dubbing", "a" * 100)
    for key in (KEY, long):
        indexed.dubjobs.put(key, stored(key[1]))
    for key in (KEY, long):
        assert indexed.labeled((key[0], label_value(key[1]))) == [key]
    assert indexed.labeled(("dubbing", "nobody")) == []


def test_slim_objects_are_equivalent_to_complete_ones() -> None:
    world = World()
    world.step()
    world.pod("Running")
    (job,), (pod,) = world.jobs.values(), world.pods
    job["metadata"] |= {"resourceVersion": "1", "managedFields": [{"manager": "someone"}]}
    whole = [json.loads(json.dumps(item)) for item in (job, {**pod, "kind": "Pod"})]
    whole[1]["spec"] = {
        "containers": [
            {"name": "stage", "image": "image:1", "resources": {"limits": {"memory": "4Gi"}}}
        ],
        "nodeName": "node-1",
        "volumes": [{"name": "data"}],
    }
    light = [slim(item) for item in whole]
    assert [slim(item) for item in light] == light
    assert observe(light[:1], light[1:], UID) == observe(whole[:1], whole[1:], UID)
    assert len(json.dumps(light)) < len(json.dumps(whole)) / 2


def body(kind: str, version: str, **status: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "name": "one", "namespace": "dubbing", "uid": "1", "resourceVersion": version,
        "labels": {"dubjob.dev/dubjob": "talk"}, "finalizers": [version],
        "annotations": {"seen": "1"},
    }  # fmt: skip
    return {"kind": kind, "metadata": metadata, "spec": {"containers": []}, "status": status}


SAME: dict[str, Any] = {"conditions": []}
COMPLETE = {"conditions": [{"type": "Complete", "status": "True", "message": ""}]}


@pytest.mark.parametrize("kind", ["Job", "Pod"])
@pytest.mark.parametrize(
    ("event", "before", "after", "changed"),
    [
        ("ADDED", None, SAME, True),
        ("MODIFIED", SAME, {**SAME, "ready": 1, "active": 1}, False),
        ("ADDED", SAME, SAME, False),
        ("MODIFIED", SAME, COMPLETE, True),
        ("MODIFIED", COMPLETE, COMPLETE, False),
        ("DELETED", SAME, SAME, True),
    ],
)
def test_only_what_planning_reads_is_a_change(
    kind: str, event: str, before: Any, after: dict[str, Any], changed: bool
) -> None:
    cache = Cache()
    update = cache.update_job if kind == "Job" else cache.update_pod
    kept = cache.own_jobs if kind == "Job" else cache.own_pods
    if before is not None:
        old = CachedObject.of(slim(body(kind, "5", **before)))
        update(cast("Any", {"type": "ADDED", "object": {}}), KEY, old)
    now = CachedObject.of(slim(body(kind, "6", **after)))
    assert update(cast("Any", {"type": event, "object": {}}), KEY, now) is changed
    assert kept.versions() == ({} if event == "DELETED" else {"1": "6"})
