"""Dead watches and the Lease, by clocks that the test turns."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from turned_clock import Clock

from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.cache import Cache, ObjectCache
from dubjob_operator.cluster.cached_object import CachedDubJob, CachedObject
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import Conflict, NotFound, Unavailable
from dubjob_operator.cluster.lease import LEASE_SECONDS, Leadership
from dubjob_operator.handlers.queue import WorkQueue
from dubjob_operator.handlers.watch_audit import PATIENCE_SECONDS, Watch, WatchAudit
from dubjob_operator.handlers.watches import removal

# ---- watches ---------------------------------------------------------------------


class Delivered(ObjectCache[CachedObject]):
    """What a watch has delivered: resourceVersions by UID."""

    def __init__(self, **versions: str) -> None:
        super().__init__()
        for uid, version in versions.items():
            self[uid] = version

    def __setitem__(self, uid: str, version: str) -> None:
        self.put(("", uid), CachedObject(uid, version, b""))


@pytest.fixture
def pods() -> tuple[Clock, WatchAudit, Watch, Delivered]:
    clock, seen = Clock(), Delivered(a="1")
    watch = Watch("pods", "/api/v1", "", seen)
    return clock, WatchAudit(cast("Client", None), (watch,), (), clock), watch, seen


Pods = tuple[Clock, WatchAudit, Watch, Delivered]


@pytest.mark.parametrize("listed", [{"a": "2"}, {"a": "1", "b": "1"}], ids=["changed", "new"])
def test_watch_with_a_lasting_gap_is_dead(pods: Pods, listed: dict[str, str]) -> None:
    clock, audit, watch, _ = pods
    audit.compare(watch, listed)
    clock.now += PATIENCE_SECONDS
    audit.compare(watch, listed)
    assert audit.dead() == []
    clock.now += 1
    assert audit.dead() == [], "nothing was compared since"
    audit.compare(watch, listed)
    assert audit.dead() == ["pods"]


def test_no_watch_is_dead_while_the_api_server_is_unreachable(pods: Pods) -> None:
    """Something changed between the list and the look at what was brought, as it always
    does; then no list comes for long."""
    clock, audit, watch, seen = pods
    seen["a"] = "2"
    audit.compare(watch, {"a": "1"})
    clock.now += 10 * PATIENCE_SECONDS
    assert audit.dead() == []
    audit.compare(watch, {"a": "2"})
    assert audit.dead() == []


def test_missed_deletion_is_reported_once() -> None:
    removed: list[tuple[str, Key]] = []
    seen = Delivered(a="1", b="1")
    watch = Watch("pods", "/api/v1", "", seen)
    audit = WatchAudit(
        cast("Client", None), (watch,), (), Clock(), lambda *gone: removed.append(gone)
    )
    for _ in range(3):
        audit.compare(watch, {"b": "1"})
    assert removed == [("pods", ("", "a"))]


def test_missed_deletion_wakes_as_the_event_would() -> None:
    cache, woken, checked = Cache(), list[Key](), list[Key]()
    for namespace in ("one", "two"):
        body = {"metadata": {"name": "talk", "namespace": namespace, "uid": namespace,
                             "resourceVersion": "1", "generation": 1}}  # fmt: skip
        cache.dubjobs.put((namespace, "talk"), CachedDubJob.of(body))
    queue = SimpleNamespace(add=woken.append)
    removed = removal(cast("WorkQueue", queue), cache, checked.append)
    for resource, key, expected in (
        ("dubjobs", ("one", "gone"), [("one", "gone")]),
        ("jobs", ("one", "talk"), [("one", "talk")]),
        ("pods", ("two", "talk"), [("two", "talk")]),
        ("pods", ("two", "other"), []),
        ("dubprofiles", ("two", "cpu"), [("two", "talk")]),
        ("clusterdubprofiles", ("", "cpu"), [("one", "talk"), ("two", "talk")]),
    ):
        woken.clear()
        removed(resource, key)
        assert woken == expected
    assert checked == [("two", "cpu"), ("", "cpu")]


def test_object_deleted_between_watches_is_removed(pods: Pods) -> None:
    """A restarted watch lists the existing objects, and reports no deletion."""
    clock, audit, watch, seen = pods
    seen["new"] = "5"
    audit.compare(watch, {})
    assert seen.versions().keys() == {"a", "new"}, "new perhaps: it came after the list was read"
    clock.now += PATIENCE_SECONDS / 2
    audit.compare(watch, {"new": "5"})
    assert seen.versions().keys() == {"new"}
    clock.now += 10 * PATIENCE_SECONDS
    audit.compare(watch, {"new": "5"})
    assert audit.dead() == []


def test_lagging_watch_with_progress_is_alive(pods: Pods) -> None:
    """Busy: at each look something else is behind."""
    clock, audit, watch, seen = pods
    for number in range(2, 20):
        audit.compare(watch, {"a": str(number)})
        seen["a"] = str(number - 1)
        clock.now += PATIENCE_SECONDS / 2
        assert audit.dead() == []


def test_watch_that_catches_up_is_alive(pods: Pods) -> None:
    clock, audit, watch, seen = pods
    audit.compare(watch, {"a": "2"})
    clock.now += PATIENCE_SECONDS + 1
    seen["a"] = "2"
    audit.compare(watch, {"a": "2"})
    assert audit.dead() == []


class Listed:
    """An API server that is away at first; then a pod of two goes, and another comes."""

    def __init__(self) -> None:
        self.answers: list[list[str] | None] = [None, ["a", "b"], ["a", "c"]]

    async def request(self, method: str, path: str, **_: Any) -> dict[str, Any]:
        found = self.answers.pop(0)
        if found is None:
            raise Unavailable(0, "NoAnswer", path)
        metadata = [{"metadata": {"uid": uid, "resourceVersion": "1"}} for uid in found]
        return {"items": metadata, "metadata": {}}


async def test_reconciling_starts_after_the_initial_list() -> None:
    """Not what was listed and has gone, nor what has come since: there is always more."""
    seen, listed = Delivered(), Listed()
    watch = Watch("pods", "/api/v1", "", seen)
    audit = WatchAudit(cast("Client", listed), (watch,), ())
    waiting = asyncio.create_task(audit.sync())
    await asyncio.sleep(0)
    assert not waiting.done()
    seen["a"] = "1"
    await asyncio.wait_for(waiting, 10)
    assert listed.answers == []


# ---- the Lease -------------------------------------------------------------------


class Leases:
    """One Lease, as an API server keeps it: only the latest version can be replaced."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.version = 0
        self.away = False
        self.lose_answer = False
        """Whether the answer to the next write is lost."""
        self.on_get: Callable[[], Awaitable[object]] | None = None
        """What happens while somebody waits for the next answer."""

    async def request(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        if self.away:
            raise Unavailable(0, "NoAnswer", path)
        if method == "GET":
            happens, self.on_get = self.on_get, None
            if happens:
                await happens()
            if self.lease is None:
                raise NotFound(404, "NotFound", path)
            return self.lease
        if method == "PUT" and body["metadata"]["resourceVersion"] != str(self.version):
            raise Conflict(409, "Conflict", path)
        self.version += 1
        self.lease = {
            **body,
            "metadata": {**body["metadata"], "resourceVersion": str(self.version)},
        }
        if self.lose_answer:
            self.lose_answer = False
            raise Unavailable(0, "NoAnswer", path)
        return self.lease


def replica(
    leases: Leases, clock: Clock, name: str, on_start: Callable[[bool], None] = lambda _: None
) -> Leadership:
    return Leadership(cast("Client", leases), "system", name, on_start, clock)


async def attempt(replica: Leadership) -> bool:
    """One try for the Lease; whether the replica leads."""
    with contextlib.suppress(Conflict, Unavailable):
        await replica.attempt()
    return replica.is_leader


async def test_replica_leads_until_it_stops_renewing() -> None:
    leases, clock = Leases(), Clock()
    first, second = replica(leases, clock, "first"), replica(leases, clock, "second")
    assert await attempt(first)
    for _ in range(5):
        clock.now += LEASE_SECONDS / 2
        assert not await attempt(second)
        assert await attempt(first)
    clock.now += 1
    assert not await attempt(second)
    clock.now += LEASE_SECONDS + 1
    assert not first.is_leader, "its own clock tells it"
    assert await attempt(second)
    assert not await attempt(first)


async def test_leader_without_an_api_server_becomes_passive() -> None:
    leases, clock = Leases(), Clock()
    first = replica(leases, clock, "first")
    assert await attempt(first)
    leases.away = True
    clock.now += LEASE_SECONDS
    assert not await attempt(first)


async def test_released_lease_is_acquired_immediately() -> None:
    leases, clock = Leases(), Clock()
    first, second = replica(leases, clock, "first"), replica(leases, clock, "second")
    await attempt(first)
    await first.release()
    assert not first.is_leader
    assert await attempt(second)


async def test_slow_response_does_not_elect_two_leaders() -> None:
    """The rival's ten seconds begin when its renewal is seen, not when it was asked for."""
    leases, clock = Leases(), Clock()
    first, second = replica(leases, clock, "first"), replica(leases, clock, "second")
    assert await attempt(first)

    async def renew_late() -> None:
        clock.now += LEASE_SECONDS - 2
        assert await attempt(first)

    leases.on_get = renew_late
    assert not await attempt(second)
    clock.now += LEASE_SECONDS - 1
    assert first.is_leader
    assert not await attempt(second)


async def test_replica_that_leads_again_reconciles_everything() -> None:
    """The Lease ran out while the answer was under way: what came then nobody acted on."""
    leases, clock, started = Leases(), Clock(), list[float]()
    first = replica(leases, clock, "first", lambda _: started.append(clock.now))

    async def lapse() -> None:
        clock.now += LEASE_SECONDS - 1

    for seconds, happens in ((0, None), (2, lapse), (0, None)):
        clock.now += seconds
        leases.on_get = happens
        running = asyncio.create_task(first.run())
        await asyncio.sleep(0.01)
        running.cancel()
    assert started == [100.0, 100.0 + 2 + LEASE_SECONDS - 1]


async def test_lease_has_lapsed_at_its_last_moment() -> None:
    """What came then nobody acted on."""
    leases, clock, started = Leases(), Clock(), list[float]()
    first = replica(leases, clock, "first", lambda _: started.append(clock.now))
    for seconds in (0, LEASE_SECONDS - 0.5, LEASE_SECONDS):
        clock.now += seconds
        running = asyncio.create_task(first.run())
        await asyncio.sleep(0.01)
        running.cancel()
    assert started == [100.0, 100.0 + 2 * LEASE_SECONDS - 0.5]


async def test_replica_knows_whether_another_has_led_since() -> None:
    leases, clock, started = Leases(), Clock(), list[bool]()
    first, second = (
        replica(leases, clock, "first", started.append),
        replica(leases, clock, "second"),
    )

    async def run_once() -> None:
        running = asyncio.create_task(first.run())
        await asyncio.sleep(0.01)
        running.cancel()

    await run_once()
    assert started == [True], "it has not led before"
    clock.now += 2 * LEASE_SECONDS
    await run_once()
    assert started == [True, False], "the Lease has lapsed, and nobody took it"
    clock.now += 2 * LEASE_SECONDS
    await attempt(second)
    clock.now += LEASE_SECONDS + 1
    assert await attempt(second)
    await second.release()
    leases.lose_answer = True
    await run_once()
    assert started == [True, False], "the answer was lost"
    await run_once()
    assert started == [True, False, True]
    clock.now += 2 * LEASE_SECONDS
    leases.lease = None
    await run_once()
    assert started == [True, False, True, True], "whoever deleted the Lease"
