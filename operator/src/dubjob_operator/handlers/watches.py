"""What wakes the queue: every event only puts a key into it."""

from __future__ import annotations

import time
from typing import Any

import kopf

from dubjob_operator import names
from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.metrics import WATCH_AGE
from dubjob_operator.cluster.stored import StoredDubJob
from dubjob_operator.handlers.indexes import Indexed
from dubjob_operator.handlers.queue import WorkQueue

DELETED = "DELETED"


def register(registry: kopf.OperatorRegistry, queue: WorkQueue, indexed: Indexed) -> None:
    """Have every change of a DubJob, a DubProfile, a Job or a pod wake the queue."""
    heard: dict[str, float] = {}

    def note(resource: str, kwargs: dict[str, Any]) -> None:
        indexed.learn(kwargs)
        if resource not in heard:
            age = WATCH_AGE.labels(resource)
            age.set_function(lambda: time.monotonic() - heard[resource])
        heard[resource] = time.monotonic()

    def wake(keys: list[Key], *, moves_on: bool) -> None:
        add = queue.add if moves_on else queue.add_to_tell
        for key in keys:
            add(key)

    @kopf.on.event(names.GROUP, names.VERSION, names.DUBJOBS, registry=registry)
    async def dubjob_seen(body: kopf.Body, event: kopf.RawEvent, **kwargs: Any) -> None:
        note(names.DUBJOBS, kwargs)
        dubjob = StoredDubJob.of(dict(body))
        key = (body["metadata"]["namespace"], body["metadata"]["name"])
        before = indexed.dubjob(key)
        if event["type"] == DELETED:
            indexed.forget(key, dubjob.uid)
        else:
            indexed.keep(key, dubjob)
        # Where the status alone has changed, it is an echo of what was written here.
        wake([key], moves_on=before is None or before.asked != dubjob.asked)

    @kopf.on.event("batch", "v1", "jobs", registry=registry)
    async def job_seen(body: kopf.Body, event: kopf.RawEvent, **kwargs: Any) -> None:
        note("jobs", kwargs)
        wake(indexed.labelled(body), moves_on=event["type"] == DELETED)

    @kopf.on.event("", "v1", "pods", registry=registry)
    async def pod_seen(
        body: kopf.Body, event: kopf.RawEvent, memo: kopf.Memo, **kwargs: Any
    ) -> None:
        note("pods", kwargs)
        done = body.get("status", {}).get("phase") == "Succeeded"
        moves_on = event["type"] == DELETED or (done and not memo.get("done"))
        memo.done = done
        wake(indexed.labelled(body), moves_on=moves_on)

    @kopf.on.event(names.GROUP, names.VERSION, names.DUBPROFILES, registry=registry)
    async def profile_seen(**kwargs: Any) -> None:
        note(names.DUBPROFILES, kwargs)
        wake(indexed.unfinished(), moves_on=True)
