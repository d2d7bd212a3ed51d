"""Why Jobs have no pods: events are read once for all of them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, cast

from planning_world import NOW
from turned_clock import Clock

from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.refusals import Refusals
from dubjob_operator.cluster.rest_after import READ_SHARE
from dubjob_operator.planning.deadlines import timestamp
from dubjob_operator.planning.plan import NO_POD_SECONDS

QUOTA = "exceeded quota: gpus"


class Events:
    """A namespace's events, and how often somebody asked for them."""

    def __init__(self, clock: Clock, *uids: str, seconds: float = 0.0) -> None:
        self.clock = clock
        self.seconds = seconds
        self.asked = 0
        self.items = [{"involvedObject": {"uid": uid}, "message": QUOTA} for uid in uids]

    async def request(self, method: str, path: str, **_: Any) -> dict[str, Any]:
        self.asked += 1
        self.clock.now += self.seconds
        return {"items": self.items or None}


def job(uid: str, age: float = 10.0) -> dict[str, Any]:
    created = timestamp(NOW - timedelta(seconds=age))
    return {"metadata": {"name": f"job-{uid}", "uid": uid, "creationTimestamp": created}}


def refusals(events: Events) -> tuple[Refusals, list[Key]]:
    woken: list[Key] = []
    return Refusals(cast("Client", events), woken.append, events.clock), woken


async def test_one_reading_serves_all_jobs_of_a_namespace() -> None:
    events = Events(Clock(), "0", "1")
    found, woken = refusals(events)
    keys = [("dubbing", str(number)) for number in range(100)]
    for key in keys:
        assert found.of(key, [job(key[1])], [], NOW) == {}
    await asyncio.sleep(0)
    assert events.asked == 1
    assert woken == keys[:2], "nobody else has anything new to say"
    assert found.of(keys[1], [job("1")], [], NOW) == {"job-1": QUOTA}
    assert found.of(keys[2], [job("2")], [], NOW) == {}
    await asyncio.sleep(0)
    assert events.asked == 1
    events.clock.now += NO_POD_SECONDS
    found.of(keys[2], [job("2")], [], NOW)
    await asyncio.sleep(0)
    assert events.asked == 2


async def test_nothing_is_read_for_jobs_that_have_pods_or_had_no_time() -> None:
    events = Events(Clock())
    found, _ = refusals(events)
    pod = {"metadata": {"ownerReferences": [{"controller": True, "uid": "0"}]}}
    assert found.of(("dubbing", "0"), [job("0")], [pod], NOW) == {}
    assert found.of(("dubbing", "1"), [job("1", age=1.0)], [], NOW) == {}
    await asyncio.sleep(0)
    assert events.asked == 0


async def test_a_long_reading_is_not_repeated_soon() -> None:
    events = Events(Clock(), seconds=3.0)
    found, _ = refusals(events)
    key = ("dubbing", "0")
    found.of(key, [job("0")], [], NOW)
    await asyncio.sleep(0)
    for waited, readings in ((3.0 / READ_SHARE - 1, 1), (1.0, 2)):
        events.clock.now += waited
        found.of(key, [job("0")], [], NOW)
        await asyncio.sleep(0)
        assert events.asked == readings
