"""Events: work goes on without them, and each is emitted once, as soon as it can be."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, cast

import pytest
from planning_world import NOW
from test_operator_memory import kept
from unkind_cluster import LOOP, UnkindCluster

from dubjob_operator.api.dubjob import Metadata
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError, Conflict, NotLeading, Refused, Unavailable
from dubjob_operator.cluster.events import (
    EVENTS_KEPT,
    LONGEST_RETRY_SECONDS,
    RETRY_SECONDS,
    Events,
)
from dubjob_operator.planning.times import timestamp
from dubjob_operator.planning.transitions import Transition
from dubstage.contract import Stage

LIMITED = Unavailable(429, "TooManyRequests", "limit reached on type Namespace")
AWAY = Unavailable(500, "InternalError", "failed calling webhook")
SILENT = Unavailable(0, "TimeoutError", "POST events")
CONTENDED = Conflict(409, "Conflict", "Operation cannot be fulfilled on resourcequotas")
DENIED = Refused(403, "Forbidden", "exceeded quota: few events")
SHUTDOWN = NotLeading(0, "NotLeading", "another replica is the leader")
OUTAGES = [LIMITED, AWAY, SILENT, CONTENDED]


class Cluster(UnkindCluster):
    """The API server answers every Event with `outage`, as long as there is one."""

    outage: ApiError | None = None

    def __init__(self, **spec: Any) -> None:
        self.tries = 0
        self.emitted: list[tuple[str, str]] = []
        """Reasons of the Events, with their times."""
        super().__init__(**spec)

    async def send(self, method: str, path: str, body: Any) -> Any:
        if path.endswith("/events"):
            self.tries += 1
            if self.outage:
                raise self.outage
        return await super().send(method, path, body)

    def _post_events(self, path: str, body: Any) -> Any:
        answer = super()._post_events(path, body)
        self.emitted.append((body["reason"], body["firstTimestamp"]))
        return answer

    def requeue(self) -> float | None:
        """Reconcile once, and return the seconds until the next time."""
        self.deliver()
        return LOOP.run(self.reconciler.reconcile(self.key))


def running(outage: ApiError, **spec: Any) -> Cluster:
    """A dub whose first stage starts when no Event can be emitted any more."""
    cluster = Cluster(**spec)
    cluster.look()
    cluster.start_pod()
    cluster.outage = outage
    cluster.look(10)
    return cluster


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda error: str(error.status))
def test_next_stage_starts_without_events(outage: ApiError) -> None:
    cluster = running(outage)
    cluster.end_pod(0)
    cluster.look(1)
    assert cluster.created == ["ingest", "separate"]


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda error: str(error.status))
def test_deadline_holds_without_events(outage: ApiError) -> None:
    cluster = running(outage, deadlines={"activeSeconds": 100})
    cluster.look(100)
    assert not cluster.jobs
    finished = cluster.status.condition("Finished")
    assert finished
    assert finished.reason == "DeadlineExceeded"


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda error: str(error.status))
def test_dub_is_suspended_without_events(outage: ApiError) -> None:
    cluster = running(outage)
    cluster.change(suspend=True)
    cluster.look(1)
    assert cluster.status.observed_generation == 2
    assert not cluster.jobs


def test_event_comes_after_all_other_writes() -> None:
    cluster = Cluster(deadlines={"activeSeconds": 100})
    cluster.look()
    cluster.start_pod()
    cluster.look(1)
    cluster.calls.clear()
    cluster.look(100)
    assert cluster.calls == ["PUT status", "DELETE jobs", "POST events", "POST events"]


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda error: str(error.status))
def test_events_are_emitted_after_an_outage_with_the_times_of_the_transitions(
    outage: ApiError,
) -> None:
    cluster = running(outage)
    started = timestamp(cluster.now)
    cluster.end_pod(0)
    cluster.look(60)
    succeeded = timestamp(cluster.now)
    cluster.look(3600)
    cluster.outage = None
    cluster.look(60)
    expected = [("StageStarted", started), ("StageSucceeded", succeeded)]
    assert cluster.emitted[:2] == expected
    assert len(cluster.emitted) == 3, "the next stage is queued for an hour"
    tries = cluster.tries
    cluster.look(60)
    assert cluster.tries == tries


def test_event_that_is_refused_is_not_tried_again() -> None:
    cluster = running(DENIED)
    tries = cluster.tries
    assert tries == 1
    cluster.outage = None
    cluster.look(60)
    assert cluster.tries == tries


@pytest.mark.parametrize("ends", [True, False])
def test_dub_is_requeued_while_an_event_is_pending(ends: bool) -> None:
    """A finished dub, of which no watch delivers anything any more."""
    cluster = running(LIMITED, backoffLimit=0)
    cluster.end_pod(65 if ends else 0)
    cluster.look(1)
    assert ends is bool((found := cluster.cache.dubjob(cluster.key)) and found.idle)
    tries = cluster.tries
    assert cluster.requeue() == RETRY_SECONDS
    assert cluster.tries == tries + 1, "only one request each time"
    if ends:
        cluster.now += timedelta(seconds=100)
        assert cluster.requeue() == 101
        cluster.now += timedelta(hours=5)
        assert cluster.requeue() == LONGEST_RETRY_SECONDS
        cluster.outage = None
        assert cluster.requeue() is None
    cluster.outage = None
    cluster.look(1)
    expected = ["StageFailed", "ExitCode"] if ends else ["StageSucceeded"]
    assert [reason for reason, _ in cluster.emitted] == ["StageStarted", *expected]


@pytest.mark.parametrize("write", ["PUT status", "POST events"])
@pytest.mark.parametrize("takes_effect", [True, False])
def test_restored_dubjob_of_the_same_name_has_no_events_of_the_past(
    write: str, takes_effect: bool
) -> None:
    """A backup is restored with the status, before a reconcile has seen that it was gone."""
    completed = complete_dubjob()
    cluster = Cluster()
    cluster.look()
    cluster.start_pod()
    cluster.deliver()
    cluster.faults[write] = (SHUTDOWN, takes_effect)
    assert cluster.reconcile() is SHUTDOWN
    cluster.cache.dubjobs.remove(cluster.dubjob["metadata"]["uid"])
    for uid in list(cluster.jobs):
        cluster.delete_job(uid)
    cluster.end_terminating()
    cluster.dubjob = completed
    cluster.dubjob["metadata"]["uid"] = "restored"
    cluster.touch()
    cluster.emitted.clear()
    cluster.look(1)
    assert cluster.emitted == []


@pytest.mark.parametrize("write", ["PUT status", "POST events"])
def test_event_of_a_finished_dub_is_emitted_after_the_lease_has_lapsed(write: str) -> None:
    cluster = running(LIMITED, backoffLimit=0)
    cluster.outage = None
    cluster.end_pod(65)
    cluster.deliver()
    cluster.faults[write] = (SHUTDOWN, True)
    assert cluster.reconcile() is SHUTDOWN
    cluster.deliver()
    cluster.reconciler.stand_by(cluster.key)
    cluster.look(30)
    assert [reason for reason, _ in cluster.emitted] == ["StageStarted", "StageFailed", "ExitCode"]


def complete_dubjob() -> dict[str, Any]:
    cluster = Cluster()
    for _ in Stage:
        cluster.look(1)
        cluster.start_pod()
        cluster.look(1)
        cluster.end_pod(0)
    cluster.look(1)
    assert cluster.emitted[-1][0] == "Completed"
    return cluster.dubjob


# ---- Events on their own -----------------------------------------------------------------


class Server:
    """Answers the requests of a namespace with its error, if it has one."""

    def __init__(self, **errors: ApiError) -> None:
        self.errors = errors
        self.created: list[str] = []
        self.tries: list[str] = []
        self.answers = asyncio.Event()
        self.answers.set()

    async def send(self, method: str, path: str, body: Any) -> dict[str, Any]:
        namespace = body["metadata"]["namespace"]
        self.tries.append(namespace)
        await self.answers.wait()
        if namespace in self.errors:
            raise self.errors[namespace]
        self.created.append(body["metadata"]["name"])
        return {}


def dubjob(namespace: str, name: str) -> Metadata:
    return Metadata.model_validate({"namespace": namespace, "name": name, "uid": f"{name}-1"})


def transitions(*names: str) -> list[Transition]:
    return [Transition(name, False, "StageStarted", "ingest") for name in names]


async def test_only_the_latest_events_are_kept() -> None:
    server = Server(one=LIMITED)
    events = Events(cast("Client", server))
    for number in range(3 * EVENTS_KEPT):
        events.add(dubjob("one", "talk"), transitions(f"event-{number}"), NOW)
        await events.emit(("one", "talk"), NOW)
    server.errors.clear()
    assert await events.emit(("one", "talk"), NOW) is None
    latest = range(2 * EVENTS_KEPT, 3 * EVENTS_KEPT)
    assert server.created == [f"event-{number}" for number in latest]


async def test_requests_without_an_answer_hold_one_worker_at_a_time() -> None:
    """The others of the namespace wait for what comes of it; other namespaces do not."""
    server = Server(one=SILENT)
    events = Events(cast("Client", server))
    names = ["talk-1", "talk-2", "talk-3"]

    async def everyone(seconds: float) -> list[str]:
        server.tries.clear()
        for namespace, name in [*(("one", name) for name in names), ("two", "talk")]:
            events.add(dubjob(namespace, name), transitions(name), NOW)
            await events.emit((namespace, name), NOW + timedelta(seconds=seconds))
        return server.tries

    assert await everyone(0) == ["one", "two"]
    assert await everyone(RETRY_SECONDS - 1) == ["two"]
    assert await everyone(RETRY_SECONDS) == ["one", "two"]
    assert await everyone(RETRY_SECONDS + 1) == ["two"]
    server.errors = {"one": LIMITED}
    assert await everyone(2 * RETRY_SECONDS) == ["one", "one", "one", "two"]
    server.errors.clear()
    await everyone(2 * RETRY_SECONDS)
    assert {*names} <= {*server.created}


async def test_only_one_request_asks_whether_there_are_answers_again() -> None:
    server = Server(one=SILENT)
    events = Events(cast("Client", server))
    names = ["talk-1", "talk-2", "talk-3"]
    for name in names:
        events.add(dubjob("one", name), transitions(name), NOW)
    await events.emit(("one", "talk-1"), NOW)
    server.errors.clear()
    server.answers.clear()
    server.tries.clear()
    later = NOW + timedelta(seconds=RETRY_SECONDS)
    asking = [asyncio.create_task(events.emit(("one", name), later)) for name in names]
    await asyncio.sleep(0.01)
    assert server.tries == ["one"]
    server.answers.set()
    assert await asyncio.gather(*asking) == [None, RETRY_SECONDS, RETRY_SECONDS]
    for name in names:
        await events.emit(("one", name), later)
    assert server.created == names


async def test_nothing_is_kept_of_events_that_are_emitted() -> None:
    server = Server()
    events = Events(cast("Client", server))
    before = kept(events)
    for number in range(9):
        events.add(dubjob("one", f"talk-{number}"), transitions("event"), NOW)
        await events.emit(("one", f"talk-{number}"), NOW)
    assert kept(events) == before
