"""The handlers of the watches: each event updates the cache and enqueues a key."""

from __future__ import annotations

import time
from typing import Any

import kopf

from dubjob_operator import names
from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.cache import Cache, ObjectCache, owner_label, profile_key
from dubjob_operator.cluster.cached_object import CachedDubJob, CachedObject, slim
from dubjob_operator.cluster.metrics import WATCH_AGE
from dubjob_operator.handlers.queue import WorkQueue
from dubjob_operator.planning.idle import has_failed

DELETED = "DELETED"


def register(registry: kopf.OperatorRegistry, queue: WorkQueue, cache: Cache) -> None:
    """Register the handlers for DubJobs, DubProfiles, Jobs and pods."""
    heard: dict[str, float] = {}

    def note(resource: str) -> None:
        if resource not in heard:
            age = WATCH_AGE.labels(resource)
            age.set_function(lambda: time.monotonic() - heard[resource])
        heard[resource] = time.monotonic()

    def wake(keys: list[Key], *, moves_on: bool) -> None:
        add = queue.add if moves_on else queue.add_low_priority
        for key in keys:
            add(key)

    @kopf.on.event(names.GROUP, names.VERSION, names.DUBJOBS, registry=registry)
    async def dubjob_seen(body: kopf.Body, event: kopf.RawEvent, **_: Any) -> None:
        note(names.DUBJOBS)
        dubjob = CachedDubJob.of(dict(body))
        key = (body["metadata"]["namespace"], body["metadata"]["name"])
        before = _update(cache.dubjobs, event, key, dubjob)
        # Where the status alone has changed, it is an echo of what was written here.
        wake([key], moves_on=before is None or before.asked != dubjob.asked)

    @kopf.on.event("batch", "v1", "jobs", registry=registry)
    async def job_seen(body: kopf.Body, event: kopf.RawEvent, **_: Any) -> None:
        note("jobs")
        label = owner_label(body)
        _update(cache.own_jobs, event, label, CachedObject.of(slim(dict(body))))
        # A failure must be read before its time to live ends, or the Job is created again.
        moves_on = event["type"] == DELETED or has_failed(body)
        wake(cache.labelled(label), moves_on=moves_on)

    @kopf.on.event("", "v1", "pods", registry=registry)
    async def pod_seen(body: kopf.Body, event: kopf.RawEvent, memo: kopf.Memo, **_: Any) -> None:
        note("pods")
        label = owner_label(body)
        _update(cache.own_pods, event, label, CachedObject.of(slim(dict(body))))
        done = body.get("status", {}).get("phase") == "Succeeded"
        moves_on = event["type"] == DELETED or (done and not memo.get("done"))
        memo.done = done
        wake(cache.labelled(label), moves_on=moves_on)

    @kopf.on.event(names.GROUP, names.VERSION, names.DUBPROFILES, registry=registry)
    async def profile_seen(body: kopf.Body, event: kopf.RawEvent, **_: Any) -> None:
        note(names.DUBPROFILES)
        _update(
            cache.profiles,
            event,
            profile_key(body["metadata"]["name"]),
            CachedObject.of(dict(body)),
        )
        wake(cache.unfinished(), moves_on=True)


def _update(store: ObjectCache[Any], event: kopf.RawEvent, key: Key, stored: CachedObject) -> Any:
    """Store the object, or remove it where it was deleted; the version it replaces."""
    if event["type"] == DELETED:
        store.remove(stored.uid)
        return None
    return store.put(key, stored)
