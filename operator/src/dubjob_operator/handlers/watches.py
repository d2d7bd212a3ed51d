"""The handlers of the watches: each event updates the cache and enqueues a key."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import kopf

from dubjob_operator import names
from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.cache import DELETED, Cache, owner_label
from dubjob_operator.cluster.cached_object import CachedDubJob, CachedObject, slim
from dubjob_operator.cluster.metrics import WATCH_AGE
from dubjob_operator.handlers import profile_watches
from dubjob_operator.handlers.queue import WorkQueue
from dubjob_operator.planning.idle import has_failed


def register(
    registry: kopf.OperatorRegistry,
    queue: WorkQueue,
    cache: Cache,
    check_profile: Callable[[Key], None],
) -> None:
    """Register the handlers for DubJobs, profiles, Jobs and pods. `check_profile` requests a check
    of the profile with that key."""
    last_event: dict[str, float] = {}

    def note(resource: str) -> None:
        if resource not in last_event:
            age = WATCH_AGE.labels(resource)
            age.set_function(lambda: time.monotonic() - last_event[resource])
        last_event[resource] = time.monotonic()

    def wake(keys: list[Key], *, urgent: bool) -> None:
        add = queue.add if urgent else queue.add_low_priority
        for key in keys:
            add(key)

    @kopf.on.event(names.GROUP, names.VERSION, names.DUBJOBS, registry=registry)
    async def dubjob_seen(body: kopf.Body, event: kopf.RawEvent, **_: Any) -> None:
        note(names.DUBJOBS)
        dubjob = CachedDubJob.of(dict(body))
        key = (body["metadata"]["namespace"], body["metadata"]["name"])
        before = cache.dubjobs.update(event, key, dubjob)
        # If only the status has changed, the operator itself wrote it.
        wake([key], urgent=before is None or before.request != dubjob.request)

    @kopf.on.event("batch", "v1", "jobs", registry=registry)
    async def job_seen(body: kopf.Body, event: kopf.RawEvent, **_: Any) -> None:
        note("jobs")
        label = owner_label(body)
        if not cache.update_job(event, label, CachedObject.of(slim(dict(body)))):
            # For example a new count of ready pods.
            return
        # A failure must be read before the Job expires, or else the Job is created again.
        urgent = event["type"] == DELETED or has_failed(body)
        wake(cache.labeled(label), urgent=urgent)

    @kopf.on.event("", "v1", "pods", registry=registry)
    async def pod_seen(body: kopf.Body, event: kopf.RawEvent, memo: kopf.Memo, **_: Any) -> None:
        note("pods")
        label = owner_label(body)
        if not cache.update_pod(event, label, CachedObject.of(slim(dict(body)))):
            # For example the finalizer of the Job controller was removed.
            return
        done = body.get("status", {}).get("phase") == "Succeeded"
        urgent = event["type"] == DELETED or (done and not memo.get("done"))
        memo.done = done
        wake(cache.labeled(label), urgent=urgent)

    profile_watches.register(registry, cache, note, wake, check_profile)


def removal(
    queue: WorkQueue, cache: Cache, check_profile: Callable[[Key], None]
) -> Callable[[str, Key], None]:
    """What to do if an object is gone and no watch has delivered that: the same as if one had.
    The function takes the resource and the key of the object in the cache."""

    def removed(resource: str, key: Key) -> None:
        keys = [key] if resource == names.DUBJOBS else cache.labeled(key)
        if resource in (names.DUBPROFILES, names.CLUSTERDUBPROFILES):
            check_profile(key)
            keys = profile_watches.users(cache, key)
        for each in keys:
            queue.add(each)

    return removed
