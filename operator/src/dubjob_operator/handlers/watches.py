"""What the watches bring: it is kept, and a key is put into the queue."""

from __future__ import annotations

import time
from typing import Any

import kopf

from dubjob_operator import names
from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.metrics import WATCH_AGE
from dubjob_operator.cluster.stored import Stored, StoredDubJob, slim
from dubjob_operator.handlers.indexes import Indexed, Kept, owner_label, profile_key
from dubjob_operator.handlers.queue import WorkQueue
from dubjob_operator.planning.idle import has_failed

DELETED = "DELETED"


def register(registry: kopf.OperatorRegistry, queue: WorkQueue, indexed: Indexed) -> None:
    """Have every change of a DubJob, a DubProfile, a Job or a pod kept, and wake the queue."""
    heard: dict[str, float] = {}

    def note(resource: str) -> None:
        if resource not in heard:
            age = WATCH_AGE.labels(resource)
            age.set_function(lambda: time.monotonic() - heard[resource])
        heard[resource] = time.monotonic()

    def wake(keys: list[Key], *, moves_on: bool) -> None:
        add = queue.add if moves_on else queue.add_to_tell
        for key in keys:
            add(key)

    @kopf.on.event(names.GROUP, names.VERSION, names.DUBJOBS, registry=registry)
    async def dubjob_seen(body: kopf.Body, event: kopf.RawEvent, **_: Any) -> None:
        note(names.DUBJOBS)
        dubjob = StoredDubJob.of(dict(body))
        key = (body["metadata"]["namespace"], body["metadata"]["name"])
        before = _keep(indexed.dubjobs, event, key, dubjob)
        # Where the status alone has changed, it is an echo of what was written here.
        wake([key], moves_on=before is None or before.asked != dubjob.asked)

    @kopf.on.event("batch", "v1", "jobs", registry=registry)
    async def job_seen(body: kopf.Body, event: kopf.RawEvent, **_: Any) -> None:
        note("jobs")
        label = owner_label(body)
        _keep(indexed.own_jobs, event, label, Stored.of(slim(dict(body))))
        # A failure must be read before its time to live ends, or the Job is created again.
        moves_on = event["type"] == DELETED or has_failed(body)
        wake(indexed.labelled(label), moves_on=moves_on)

    @kopf.on.event("", "v1", "pods", registry=registry)
    async def pod_seen(body: kopf.Body, event: kopf.RawEvent, memo: kopf.Memo, **_: Any) -> None:
        note("pods")
        label = owner_label(body)
        _keep(indexed.own_pods, event, label, Stored.of(slim(dict(body))))
        done = body.get("status", {}).get("phase") == "Succeeded"
        moves_on = event["type"] == DELETED or (done and not memo.get("done"))
        memo.done = done
        wake(indexed.labelled(label), moves_on=moves_on)

    @kopf.on.event(names.GROUP, names.VERSION, names.DUBPROFILES, registry=registry)
    async def profile_seen(body: kopf.Body, event: kopf.RawEvent, **_: Any) -> None:
        note(names.DUBPROFILES)
        _keep(indexed.profiles, event, profile_key(body["metadata"]["name"]), Stored.of(dict(body)))
        wake(indexed.unfinished(), moves_on=True)


def _keep(kept: Kept[Any], event: kopf.RawEvent, key: Key, stored: Stored) -> Any:
    """Keep it, or forget it where it is gone; what was known of it before."""
    if event["type"] == DELETED:
        kept.forget(stored.uid)
        return None
    return kept.keep(key, stored)
