"""Why Jobs have no pods: events are read once for all of them."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from background_reads import SOON, further_reads, hasten, waiting_job

from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster import read_interval as rest_module
from dubjob_operator.cluster import refusals as refusals_module
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.refusals import Refusals
from dubjob_operator.planning.observation import NotRefused, PodRefusal, Refusal

QUOTA = "exceeded quota: gpus"
POD = {"metadata": {"ownerReferences": [{"controller": True, "uid": "0"}]}}


class Events:
    """A namespace's events, and how often somebody asked for them."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.asked = 0
        self.messages: dict[str, str] = {}
        self.leads = True
        self.odd: list[Any] = []
        """Events that are not as the API server would write them."""

    def may_write(self) -> bool:
        return self.leads

    async def request(self, method: str, path: str, **_: Any) -> dict[str, Any]:
        self.asked += 1
        await asyncio.sleep(self.seconds)
        items = [
            {"involvedObject": {"uid": uid}, "message": message}
            for uid, message in self.messages.items()
        ]
        return {"items": [*self.odd, *items] or None}

    async def readings(self, number: int) -> None:
        """Wait for that many further reads."""
        await further_reads(lambda: self.asked, number)


class World:
    """Jobs that wait, and who was woken."""

    def __init__(self) -> None:
        self.events = Events()
        self.woken: list[Key] = []
        self.refusals = Refusals(cast("Client", self.events), self.woken.append)

    def of(self, uid: str, *pods: Any, **status: Any) -> dict[str, PodRefusal]:
        return self.refusals.of(("dubbing", uid), [waiting_job(uid, status=status)], list(pods))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    hasten(monkeypatch, refusals_module, "DEBOUNCE_SECONDS", "READ_SECONDS")
    return World()


async def test_one_read_serves_all_jobs_of_a_namespace(world: World) -> None:
    world.events.messages = {"0": QUOTA, "1": QUOTA}
    world.events.seconds = 5 * SOON
    for number in range(100):
        assert world.of(str(number)) == {}
    await world.events.readings(2)
    assert world.events.asked == 2
    assert world.woken == [("dubbing", "0"), ("dubbing", "1")], "others have nothing new to say"
    assert world.of("1") == {"job-1": Refusal(QUOTA)}
    assert world.of("2") == {"job-2": NotRefused()}


async def test_changed_reason_is_delivered_to_waiting_dubjobs(world: World) -> None:
    world.of("0")
    for message in (QUOTA, "forbidden"):
        world.woken.clear()
        world.events.messages = {"0": message}
        await world.events.readings(2)
        assert world.woken == [("dubbing", "0")]
        assert world.of("0") == {"job-0": Refusal(message)}


async def test_nothing_is_read_if_no_job_waits(world: World) -> None:
    complete = [{"type": "Complete", "status": "True"}]
    world.of("0")
    world.of("1")
    world.of("0", POD)
    world.refusals.forget(("dubbing", "1"))
    world.of("3", conditions=complete)
    await asyncio.sleep(3 * SOON)
    assert world.events.asked == 0
    world.of("2", conditions=[{"type": "Suspended", "status": "False"}])
    await world.events.readings(1)


async def test_slow_read_is_not_repeated_soon(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest_module, "READ_SHARE", 0.1)
    world.events.seconds = 2 * SOON
    world.of("0")
    await world.events.readings(1)
    await asyncio.sleep(10 * SOON)
    assert world.events.asked == 1
    await world.events.readings(1)


async def test_malformed_event_is_ignored(world: World) -> None:
    world.events.odd = [{"involvedObject": {}}, {}]
    world.of("0")
    await world.events.readings(1)
    world.events.messages = {"0": QUOTA}
    await world.events.readings(2)
    assert world.of("0") == {"job-0": Refusal(QUOTA)}


async def test_passive_replica_reads_nothing(world: World) -> None:
    world.of("0")
    world.events.leads = False
    await asyncio.sleep(3 * SOON)
    assert world.events.asked == 0
    world.events.leads = True
    world.of("0")
    await world.events.readings(1)
