"""One reconcile after another, the watch being late."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, cast

import pytest
from planning_world import NOW, dubjob, profile

from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.cache import Cache
from dubjob_operator.cluster.cached_object import CachedDubJob, CachedProfile
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError, Conflict, NotFound, Refused, Unavailable
from dubjob_operator.cluster.expectations import EXPECTATION_SECONDS
from dubjob_operator.cluster.reconcile import Reconciler
from dubjob_operator.planning.observed_pod import Object

KEY = ("dubbing", "talk")


class ApiServer:
    """Holds one DubJob, and counts what is written."""

    def __init__(self) -> None:
        self.versions = itertools.count(2)
        self.stored = raw(version="1")
        self.writes: list[str] = []

        self.refuses_events = False
        self.job_error: ApiError | None = None
        """The answer to the creation of a Job."""
        self.events: list[dict[str, Any]] = []

    async def send(self, method: str, path: str, body: Any) -> dict[str, Any]:
        if self.refuses_events and path.endswith("/events"):
            raise Refused(403, "Forbidden", "exceeded quota: few events")
        if path.endswith("/events"):
            self.events.append(body)
        if self.job_error and path.endswith("/jobs"):
            raise self.job_error
        self.writes.append(f"{method} {path.rpartition('/')[2]}")
        if method == "PUT":
            if body["metadata"]["resourceVersion"] != self.stored["metadata"]["resourceVersion"]:
                raise Conflict(409, "Conflict", "the object has been modified")
            self.stored = json.loads(json.dumps(body))
            self.touch()
        return {"metadata": self.stored["metadata"]}

    async def request(self, method: str, path: str, **_: Any) -> dict[str, Any]:
        """Another object has the name of the Job."""
        return {"metadata": {"name": path.rpartition("/")[2], "uid": "other"}}

    def touch(self) -> None:
        """Somebody writes."""
        self.stored["metadata"]["resourceVersion"] = str(next(self.versions))


class LateCache(Cache):
    """Shows the DubJob as of the last :meth:`catch_up`."""

    def __init__(self, server: ApiServer) -> None:
        super().__init__()
        self.server = server
        self.catch_up()

    def catch_up(self) -> None:
        self.seen: CachedDubJob | None = CachedDubJob.of(self.server.stored)

    def dubjob(self, key: Key) -> CachedDubJob | None:
        return self.seen

    def profile(self, key: Key) -> CachedProfile | None:
        found = profile().model_dump(mode="json", by_alias=True, exclude_none=True)
        found["metadata"] |= {"resourceVersion": "1", "uid": "profile"}
        return CachedProfile.of(found)

    def jobs(self, key: Key) -> Iterable[Object]:
        return ()

    def pods(self, key: Key) -> Iterable[Object]:
        return ()


def raw(version: str) -> dict[str, Any]:
    found: dict[str, Any] = dubjob().model_dump(mode="json", by_alias=True, exclude_none=True)
    found["metadata"]["resourceVersion"] = version
    return found


@pytest.fixture
def late() -> tuple[ApiServer, LateCache, Reconciler]:
    server = ApiServer()
    watch = LateCache(server)
    return server, watch, Reconciler(cast("Client", server), watch, lambda _: None, lambda: NOW)


Late = tuple[ApiServer, LateCache, Reconciler]


async def test_write_is_not_repeated_while_the_watch_lags(late: Late) -> None:
    server, watch, reconciler = late
    await reconciler.reconcile(KEY)
    assert server.writes == ["POST jobs", "PUT status"]
    await reconciler.reconcile(KEY)
    watch.catch_up()
    await reconciler.reconcile(KEY)
    assert server.writes == ["POST jobs", "PUT status"]


async def test_foreign_write_counts_once_the_watch_delivers_it(late: Late) -> None:
    server, watch, reconciler = late
    await reconciler.reconcile(KEY)
    server.stored["spec"]["suspend"] = True
    server.stored["metadata"]["generation"] = 2
    server.touch()
    await reconciler.reconcile(KEY)
    assert server.writes[2:] == []
    watch.catch_up()
    await reconciler.reconcile(KEY)
    assert server.writes[2:] == ["PUT status", "POST events"]
    conditions = {each["type"]: each["status"] for each in server.stored["status"]["conditions"]}
    assert conditions["Suspended"] == "True"


async def test_status_with_an_old_resource_version_is_refused(late: Late) -> None:
    server, watch, reconciler = late
    server.touch()
    with pytest.raises(Conflict):
        await reconciler.reconcile(KEY)
    watch.catch_up()
    await reconciler.reconcile(KEY)
    assert server.stored["status"]["stages"]


async def test_undelivered_job_is_read_again(late: Late) -> None:
    """It was deleted in between, perhaps: nothing would be heard of it."""
    server, watch, reconciler = late
    await reconciler.reconcile(KEY)
    assert await reconciler.reconcile(KEY) == EXPECTATION_SECONDS
    watch.catch_up()
    reconciler.clock = lambda: NOW + timedelta(seconds=EXPECTATION_SECONDS + 1)
    await reconciler.reconcile(KEY)
    assert server.writes.count("POST jobs") == 2


WEBHOOK_AWAY = 'Internal error occurred: failed calling webhook "m.kb.io": connection refused'


@pytest.mark.parametrize(
    ("error", "is_retried"),
    [
        (Unavailable(500, "InternalError", WEBHOOK_AWAY), True),
        (Unavailable(0, "TimeoutError", "POST jobs"), True),
        (Conflict(409, "AlreadyExists", 'jobs.batch "x" already exists'), True),
        (Conflict(409, "Conflict", "Operation cannot be fulfilled on resourcequotas"), True),
        (NotFound(404, "NotFound", 'namespaces "dubbing" not found'), True),
        (Refused(403, "Forbidden", "is forbidden: not yet ready to handle request"), False),
    ],
)
async def test_job_that_is_not_created_is_reported_at_once(
    late: Late, error: ApiError, is_retried: bool
) -> None:
    server, watch, reconciler = late
    server.job_error = error
    for _ in range(2):
        if is_retried:
            with pytest.raises(type(error)):
                await reconciler.reconcile(KEY)
        else:
            await reconciler.reconcile(KEY)
    status = server.stored["status"]
    assert status["observedGeneration"] == 1
    finished = next(each for each in status["conditions"] if each["type"] == "Finished")
    assert finished["reason"] == "JobNotCreated"
    assert str(error) in finished["message"]
    assert [event["reason"] for event in server.events] == ["JobNotCreated"]
    assert server.writes == ["PUT status", "POST events"]
    server.job_error = None
    watch.catch_up()
    await reconciler.reconcile(KEY)
    assert "reason" not in server.stored["status"]["stages"][0]
    assert "POST jobs" in server.writes


async def test_status_of_another_version_is_kept_and_reported(late: Late) -> None:
    """A rollback: the newer version continues with its own status after the next upgrade."""
    server, watch, reconciler = late
    await reconciler.reconcile(KEY)
    server.stored["status"]["stages"][0] |= {"run": "third", "shard": 7}
    stages = json.loads(json.dumps(server.stored["status"]["stages"]))
    server.touch()
    watch.catch_up()
    server.writes.clear()
    await reconciler.reconcile(KEY)
    status = server.stored["status"]
    assert status["stages"] == stages
    found = {each["type"]: each for each in status["conditions"]}
    assert (found["Finished"]["status"], found["Finished"]["reason"]) == (
        "False", "StatusUnreadable",
    )  # fmt: skip
    assert "stages.0.run" in found["Finished"]["message"]
    watch.catch_up()
    await reconciler.reconcile(KEY)
    assert server.writes == ["PUT status"]
    assert watch.seen
    assert not watch.seen.idle, "it is reconciled again by the version that can read it"


async def test_nothing_is_kept_of_a_dubjob_that_is_gone(late: Late) -> None:
    server, watch, reconciler = late
    await reconciler.reconcile(KEY)
    server.stored["status"]["conditions"] = [
        {"type": "Complete", "status": "True", "reason": "Completed", "message": "",
         "lastTransitionTime": "2026-01-01T00:00:00Z"}
    ]  # fmt: skip
    server.stored["status"]["observedGeneration"] = 1
    server.touch()
    watch.catch_up()
    await reconciler.reconcile(KEY)
    sizes = (len(reconciler._learnt), len(reconciler._statuses._written))
    assert sizes == (1, 0)
    watch.seen = None
    await reconciler.reconcile(KEY)
    assert not reconciler._learnt


async def test_event_of_a_long_name_fits_the_limit(late: Late) -> None:
    server, watch, reconciler = late
    name = server.stored["metadata"]["name"] = "a" * 200 + "." * 1 + "b" * 52
    watch.catch_up()
    server.job_error = Conflict(409, "AlreadyExists", "exists")
    with pytest.raises(Conflict):
        await reconciler.reconcile((KEY[0], name))
    (event,) = server.events
    assert len(event["metadata"]["name"]) <= 253


async def test_refused_event_does_not_block_the_status(late: Late) -> None:
    server, watch, reconciler = late
    server.refuses_events = True
    server.stored["spec"]["suspend"] = True
    watch.catch_up()
    await reconciler.reconcile(KEY)
    conditions = {each["type"]: each["status"] for each in server.stored["status"]["conditions"]}
    assert conditions["Suspended"] == "True"


async def test_invalid_spec_keeps_finished_stages(late: Late) -> None:
    """Written for another version of the operator: once it is corrected, work goes on."""
    server, watch, reconciler = late
    await reconciler.reconcile(KEY)
    stages = server.stored["status"]["stages"]
    server.stored["spec"]["glossary"] = 7
    server.touch()
    watch.catch_up()
    await reconciler.reconcile(KEY)
    status = server.stored["status"]
    assert status["stages"] == stages
    finished = next(each for each in status["conditions"] if each["type"] == "Finished")
    assert (finished["status"], finished["reason"]) == ("True", "SpecInvalid")
    watch.catch_up()
    server.writes.clear()
    assert await reconciler.reconcile(KEY) is None
    assert server.writes == []
