"""What wakes the queue: every event only puts a key into it."""

from __future__ import annotations

from typing import Any

import kopf

from dubjob_operator import names
from dubjob_operator.handlers.indexes import Indexed
from dubjob_operator.handlers.queue import WorkQueue


def register(registry: kopf.OperatorRegistry, queue: WorkQueue, indexed: Indexed) -> None:
    """Have every change of a DubJob, a DubProfile, a Job or a pod wake the queue."""

    @kopf.on.event(names.GROUP, names.VERSION, names.DUBJOBS, registry=registry)
    async def dubjob_seen(body: kopf.Body, **kwargs: Any) -> None:
        indexed.learn(kwargs)
        queue.add((body["metadata"]["namespace"], body["metadata"]["name"]))

    @kopf.on.event("batch", "v1", "jobs", registry=registry)
    @kopf.on.event("", "v1", "pods", registry=registry)
    async def child_seen(body: kopf.Body, **kwargs: Any) -> None:
        indexed.learn(kwargs)
        for key in indexed.labelled(body):
            queue.add(key)

    @kopf.on.event(names.GROUP, names.VERSION, names.DUBPROFILES, registry=registry)
    async def profile_seen(**kwargs: Any) -> None:
        indexed.learn(kwargs)
        for key in indexed.every_dubjob():
            queue.add(key)
