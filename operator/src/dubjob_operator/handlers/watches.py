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
    """Register the handlers for DubJobs, profiles, Jobs and pods. `check_profile` has the
    profile of a key checked soon."""
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
        before = cache.dubjobs.update(event, key, dubjob)
        # Where the status alone has changed, it is an echo of what was written here.
        wake([key], moves_on=before is None or before.asked != dubjob.asked)

    @kopf.on.event("batch", "v1", "jobs", registry=registry)
    async def job_seen(body: kopf.Body, event: kopf.RawEvent, **_: Any) -> None:
        note("jobs")
        label = owner_label(body)
        cache.own_jobs.update(event, label, CachedObject.of(slim(dict(body))))
        # A failure must be read before its time to live ends, or the Job is created again.
        moves_on = event["type"] == DELETED or has_failed(body)
        wake(cache.labelled(label), moves_on=moves_on)

    @kopf.on.event("", "v1", "pods", registry=registry)
    async def pod_seen(body: kopf.Body, event: kopf.RawEvent, memo: kopf.Memo, **_: Any) -> None:
        note("pods")
        label = owner_label(body)
        cache.own_pods.update(event, label, CachedObject.of(slim(dict(body))))
        done = body.get("status", {}).get("phase") == "Succeeded"
        moves_on = event["type"] == DELETED or (done and not memo.get("done"))
        memo.done = done
        wake(cache.labelled(label), moves_on=moves_on)

    profile_watches.register(registry, cache, note, wake, check_profile)
