"""Start and end of the operator's process, settings of kopf, resync, liveness.

A deleted DubJob needs no handler: its Jobs go with it by owner reference
(:mod:`dubjob_operator.planning.manifests`), its media by ``dubstage media prune``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any

import kopf

from dubjob_operator import names
from dubjob_operator.cluster.cache import Cache
from dubjob_operator.cluster.client import Client, credentials
from dubjob_operator.cluster.lease import Leadership
from dubjob_operator.cluster.profiles import Profiles
from dubjob_operator.handlers.no_bookkeeping import NoDiffs, NoProgress
from dubjob_operator.handlers.queue import WorkQueue
from dubjob_operator.handlers.watch_audit import WatchAudit

RESYNC_SECONDS = 60.0
"""Interval at which every DubJob that is not idle is reconciled without an event."""
WATCH_SECONDS = 300
"""A watch is opened again after this time, so that a dead one does not last."""
LISTED_AT_ONCE = 200
"""Page size of lists, so that ten thousand listed DubJobs are not all in memory. A list must not
take longer than five minutes, after which etcd forgets its version."""
CLOSE_SECONDS = 10.0
"""How long the reconciles that have begun may take when the process is to end. Kubernetes
grants 30 seconds in total."""
IDLE_SECONDS = 0.5
"""Time for which kopf keeps an object in memory after its last event."""


def register(
    registry: kopf.OperatorRegistry,
    clients: tuple[Client, ...],
    queue: WorkQueue,
    cache: Cache,
    leadership: Leadership,
    audit: WatchAudit,
    profiles: Profiles,
) -> None:
    """Register the handlers for start, end and liveness probes."""
    tasks: list[asyncio.Task[None]] = []

    @kopf.on.login(registry=registry)
    def login(**_: Any) -> kopf.ConnectionInfo:
        return credentials()

    @kopf.on.startup(registry=registry)
    async def begin(settings: kopf.OperatorSettings, **_: Any) -> None:
        _configure(settings)
        for name, work in (
            ("queue", _work(queue, audit)),
            ("resync", _resync(queue, cache)),
            ("audit", audit.run()),
            ("leadership", _lead(leadership)),
            ("profiles", profiles.run()),
        ):
            tasks.append(asyncio.create_task(work, name=name))

    @kopf.on.cleanup(registry=registry)
    async def end(**_: Any) -> None:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(queue.close(), CLOSE_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await leadership.release()
        for client in clients:
            await client.close()

    @kopf.on.probe(id="dubjobs", registry=registry)
    async def alive(**_: Any) -> int:
        problem = _problem(tasks, audit)
        if problem:
            raise kopf.PermanentError(problem)
        return len(cache.dubjobs.every_key())


def _problem(tasks: Iterable[asyncio.Task[None]], audit: WatchAudit) -> str:
    """Why this process does not work, empty if it does."""
    for task in tasks:
        if task.done():
            return f"{task.get_name()} has ended: {task.exception()!r}"
    if not audit.is_synced:
        return "the watches have not delivered all existing objects yet"
    dead = audit.dead()
    return f"the watch of {', '.join(dead)} is dead" if dead else ""


async def _work(queue: WorkQueue, audit: WatchAudit) -> None:
    await audit.sync()
    await queue.run()


async def _lead(leadership: Leadership) -> None:
    await leadership.run()
    # A single replica needs no election.
    await asyncio.Event().wait()


async def _resync(queue: WorkQueue, cache: Cache) -> None:
    while True:
        await asyncio.sleep(RESYNC_SECONDS)
        for key in cache.unfinished():
            queue.add(key)


def _configure(settings: kopf.OperatorSettings) -> None:
    settings.watching.label_selectors["batch", "v1", "jobs"] = names.MANAGED_BY_SELECTOR
    settings.watching.label_selectors["", "v1", "pods"] = names.MANAGED_BY_SELECTOR
    settings.watching.server_timeout = WATCH_SECONDS
    settings.watching.client_timeout = WATCH_SECONDS + 10
    settings.watching.chunk_size = LISTED_AT_ONCE
    settings.queueing.idle_timeout = IDLE_SECONDS
    # The CRDs exist and the namespaces are known.
    settings.scanning.disabled = True
    settings.persistence.diffbase_storage = NoDiffs()
    settings.persistence.progress_storage = NoProgress()
    settings.posting.enabled = False
    settings.peering.standalone = True
