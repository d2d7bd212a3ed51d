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
from dubjob_operator.cluster.errors import Conflict, Refused
from dubjob_operator.cluster.reconcile import EXPECTATION_SECONDS, Reconciler
from dubjob_operator.planning.observation import Object

KEY = ("dubbing", "talk")


class ApiServer:
    """Holds one DubJob, and counts what is written."""

    def __init__(self) -> None:
        self.versions = itertools.count(2)
        self.stored = raw(version="1")
        self.writes: list[str] = []

        self.refuses_events = False

    async def send(self, method: str, path: str, body: Any) -> dict[str, Any]:
        if self.refuses_events and path.endswith("/events"):
            raise Refused(403, "Forbidden", "exceeded quota: few events")
        self.writes.append(f"{method} {path.rpartition('/')[2]}")
        if method == "PUT":
            if body["metadata"]["resourceVersion"] != self.stored["metadata"]["resourceVersion"]:
                raise Conflict(409, "Conflict", "the object has been modified")
            self.stored = json.loads(json.dumps(body))
            self.touch()
        return {"metadata": self.stored["metadata"]}

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
        self.seen = CachedDubJob.of(self.server.stored)

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
    assert server.writes[-1] == "PUT status"
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
