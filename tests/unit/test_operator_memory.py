"""Nothing grows in memory with the DubJobs that have come and gone."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, cast

import pytest
from unkind_cluster import LOOP, UnkindCluster

from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import Conflict, NotLeading, Refused, Unavailable
from dubjob_operator.cluster.progress import ProgressReader
from dubjob_operator.handlers import queue as queue_module
from dubjob_operator.handlers.queue import WorkQueue

AWAY = Unavailable(500, "InternalError", "etcdserver: leader changed")
WARM_UP = 6
"""DubJobs after which nothing may grow."""


def entries(value: Any, seen: set[int]) -> int:
    """Entries of all containers that the operator's own objects reach from `value`."""
    if id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, Mapping):
        parts = [*value.values()]
        return len(value) + sum(entries(each, seen) for each in parts)
    if isinstance(value, list | tuple | set | frozenset | deque):
        return len(value) + sum(entries(each, seen) for each in value)
    size = value.qsize() if isinstance(value, asyncio.Queue) else 0
    if type(value).__module__.startswith("dubjob_operator"):
        size += sum(entries(each, seen) for each in getattr(value, "__dict__", {}).values())
    return size


def kept(*roots: object) -> int:
    return entries(list(roots), set())


def completes(cluster: UnkindCluster) -> None:
    for _ in range(6):
        cluster.look(1)
        cluster.start_pod()
        cluster.look(1)
        cluster.end_pod(0)
    cluster.look(1)


def fails_without_events(cluster: UnkindCluster) -> None:
    """The Events are still pending when the DubJob is deleted."""
    cluster.look(1)
    cluster.start_pod()
    cluster.look(1)
    cluster.end_pod(65)
    cluster.faults["POST events"] = (AWAY, False)
    cluster.deliver()
    cluster.reconcile()
    assert "StageFailed" not in cluster.events


def runs(cluster: UnkindCluster) -> None:
    cluster.look(1)
    cluster.start_pod()
    cluster.look(1)
    cluster.look(20)


def expires(cluster: UnkindCluster) -> None:
    """Its Job and its pod are deleted by their time to live, and the DubJob after them."""
    cluster.look(1)
    cluster.start_pod()
    cluster.look(1)
    cluster.end_pod(0)
    cluster.expire_jobs()
    cluster.deliver("jobs", "pods")


def has_a_status_that_lags(cluster: UnkindCluster) -> None:
    cluster.is_busy = True
    runs(cluster)
    cluster.end_pod(0)
    cluster.deliver()
    cluster.reconcile()
    cluster.is_busy = False


def is_refused(cluster: UnkindCluster) -> None:
    cluster.faults["POST jobs"] = (Refused(403, "Forbidden", "exceeded quota: few"), False)
    cluster.look(1)


def has_a_job_that_no_watch_delivers(cluster: UnkindCluster) -> None:
    cluster.deliver("dubjobs")
    cluster.reconcile()


def loses_its_status(cluster: UnkindCluster) -> None:
    cluster.faults["PUT status"] = (Conflict(409, "Conflict", "modified"), True)
    cluster.deliver()
    cluster.reconcile()


def is_left_by_the_leader(cluster: UnkindCluster) -> None:
    cluster.faults["PUT status"] = (NotLeading(0, "NotLeading", "another"), False)
    cluster.deliver()
    cluster.reconcile()


LIVES: list[Callable[[UnkindCluster], None]] = [
    completes, fails_without_events, runs, expires, is_refused, has_a_job_that_no_watch_delivers,
    loses_its_status, is_left_by_the_leader, has_a_status_that_lags,
]  # fmt: skip


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
@pytest.mark.parametrize("leads", [True, False])
def test_reconciler_and_cache_keep_nothing_of_dubjobs_that_are_gone(
    life: Callable[[UnkindCluster], None], leads: bool
) -> None:
    """`leads`: whether this replica is the leader when they go."""
    cluster = UnkindCluster()
    client = cast("Client", cluster)
    cluster.reconciler.progress = ProgressReader(client, lambda _: None)
    sizes = []
    for number in range(2 * WARM_UP):
        cluster.replace_dubjob(f"talk-{number}", leads=leads)
        cluster.now += timedelta(seconds=10)
        life(cluster)
        sizes.append(kept(cluster.reconciler, cluster.cache))
    cluster.replace_dubjob("last", leads=leads)
    LOOP.run(asyncio.sleep(0))
    assert max(sizes[WARM_UP:]) <= max(sizes[:WARM_UP])
    assert kept(cluster.reconciler, cluster.cache) < min(sizes)


def becomes_invalid(cluster: UnkindCluster) -> None:
    runs(cluster)
    cluster.change(targetLanguage=5)
    cluster.look(1)


def lets_jobs_expire(cluster: UnkindCluster) -> None:
    cluster.expire_jobs()
    cluster.deliver()
    assert cluster.cache.ended(cluster.key)


@pytest.mark.parametrize(
    ("life", "is_kept"), [(completes, False), (runs, True), (becomes_invalid, True)]
)
def test_standby_keeps_the_outcomes_of_unfinished_dubjobs_only(
    life: Callable[[UnkindCluster], None], is_kept: bool
) -> None:
    """The leader may end before it records them."""
    cluster = UnkindCluster()
    life(cluster)
    cluster.end_pod(0)
    lets_jobs_expire(cluster)
    cluster.reconciler.stand_by(cluster.key)
    assert bool(cluster.cache.ended(cluster.key)) is is_kept


def test_leader_keeps_no_outcomes_of_finished_dubjobs() -> None:
    cluster = UnkindCluster()
    completes(cluster)
    cluster.look(1)
    lets_jobs_expire(cluster)
    cluster.reconcile()
    assert not cluster.cache.ended(cluster.key)


async def test_work_queue_keeps_nothing_of_keys_that_are_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue_module, "DEBOUNCE_SECONDS", 0.01)
    monkeypatch.setattr(queue_module, "FIRST_RETRY_SECONDS", 0.01)
    tries: dict[Key, int] = {}
    errors = itertools.cycle([AWAY, Conflict(409, "Conflict", ""), ValueError("a surprise"), None])

    async def reconcile(key: Key) -> float | None:
        """Fail twice, ask for another time, and then be content: the DubJob is gone."""
        count = tries[key] = tries.get(key, 0) + 1
        error = next(errors)
        if count < 3 and error:
            raise error
        return 0.01 if count < 4 else None

    queue = WorkQueue(reconcile)
    before = kept(queue)
    working = asyncio.create_task(queue.run())
    for number in range(300):
        add = queue.add if number % 2 else queue.add_low_priority
        add((f"namespace-{number % 7}", f"talk-{number}"))
    async with asyncio.timeout(30):
        while len(tries) < 300 or min(tries.values()) < 4:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.05)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    assert kept(queue) == before
