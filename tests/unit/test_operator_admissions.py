"""Why Jobs are suspended: Kueue's Workloads are read once for all of them."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import pytest
from background_reads import SOON, further_reads, hasten, waiting_job

from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster import admissions as admissions_module
from dubjob_operator.cluster.admissions import MISSING_SECONDS, Admissions
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError, NotFound, Refused, Unavailable
from dubjob_operator.planning.observation import Admission

GROUP = "/apis/kueue.x-k8s.io"
WORKLOADS = f"{GROUP}/v1beta2/namespaces/dubbing/workloads"
VISIBILITY = "/apis/visibility.kueue.x-k8s.io"
PENDING = f"{VISIBILITY}/v1beta2/namespaces/dubbing/localqueues/dubs/pendingworkloads"
ANY = {"preferredVersion": {"version": "v1beta2"}}


class Kueue:
    """An API server that answers by path."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {GROUP: ANY, VISIBILITY: ANY}
        self.asked: list[str] = []

    def may_write(self) -> bool:
        return True

    async def text(self, method: str, path: str, **_: Any) -> str:
        self.asked.append(path)
        found = self.answers.get(path, NotFound(404, "NotFound", path))
        if isinstance(found, ApiError):
            raise found
        return json.dumps(found)


class World:
    """Jobs that are suspended, and which DubJobs were woken."""

    def __init__(self) -> None:
        self.kueue = Kueue()
        self.woken: list[Key] = []
        self.now = 0.0
        self.admissions = self.reader()

    def reader(self, *, on: bool = True) -> Admissions:
        client = cast("Client", self.kueue)
        return Admissions(client, self.woken.append, lambda: self.now, on=on)

    def of(self, uid: str, suspend: bool = True) -> dict[str, Admission]:
        job = waiting_job(uid, spec={"suspend": suspend})
        return self.admissions.of(("dubbing", uid), [job])

    async def readings(self, number: int, of: str = GROUP) -> None:
        """Wait for that many further reads."""
        await further_reads(lambda: self.kueue.asked.count(of), number)
        await asyncio.sleep(SOON / 4)


def workload(uid: str, *conditions: tuple[str, str, str, str]) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"job-{uid}-x", "ownerReferences": [{"controller": True, "uid": uid}],
        },
        "spec": {"queueName": "dubs"},
        "status": {
            "conditions": [
                dict(zip(("type", "status", "reason", "message"), each, strict=True))
                for each in conditions
            ]
        },
    }  # fmt: skip


FULL = ("QuotaReserved", "False", "Pending", "insufficient unused quota")
RESERVED = ("QuotaReserved", "True", "QuotaReserved", "")
UNCHECKED = ("Admitted", "False", "UnsatisfiedChecks", "The workload has not all checks ready")
ADMITTED = ("Admitted", "True", "Admitted", "")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    hasten(monkeypatch, admissions_module, "FIRST_SECONDS", "READ_SECONDS")
    return World()


async def test_workload_says_why_and_where(world: World) -> None:
    world.kueue.answers[WORKLOADS] = {
        "items": [
            workload("0", FULL), workload("1", RESERVED, UNCHECKED), workload("2"),
            workload("3", RESERVED, ADMITTED),
        ]
    }  # fmt: skip
    position = {"metadata": {"name": "job-0-x"}, "positionInLocalQueue": 0}
    world.kueue.answers[PENDING] = {"items": [position]}
    for uid in "01234":
        assert world.of(uid) == {}
    await world.readings(1)
    assert world.of("0") == {"job-0": Admission("Pending", "insufficient unused quota", 1)}
    assert world.of("1") == {"job-1": Admission(*UNCHECKED[2:])}
    assert [world.of(uid)[f"job-{uid}"] for uid in "234"] == [Admission()] * 3
    assert ("dubbing", "0") in world.woken
    assert ("dubbing", "4") not in world.woken


@pytest.mark.parametrize("away", [NotFound(404, "", ""), Unavailable(503, "", "")])
async def test_reason_is_reported_without_positions(world: World, away: ApiError) -> None:
    world.kueue.answers[WORKLOADS] = {"items": [workload("0", FULL)]}
    world.kueue.answers[PENDING] = away
    world.of("0")
    await world.readings(1)
    assert world.of("0") == {"job-0": Admission("Pending", "insufficient unused quota")}


@pytest.mark.parametrize("path", [GROUP, WORKLOADS])
@pytest.mark.parametrize("error", [NotFound(404, "", ""), Refused(403, "Forbidden", "")])
async def test_missing_api_is_not_asked_again_soon(
    world: World, path: str, error: ApiError
) -> None:
    world.kueue.answers[WORKLOADS] = {"items": [workload("0", FULL)]}
    found = world.kueue.answers.pop(path)
    world.kueue.answers[path] = error
    world.of("0")
    await world.readings(1, of=path)
    await asyncio.sleep(5 * SOON)
    assert world.kueue.asked.count(path) == 1
    assert world.of("0") == {"job-0": Admission()}
    world.kueue.answers[path] = found
    world.now += MISSING_SECONDS
    await world.readings(1, of=path)
    await world.readings(1)
    assert world.of("0")["job-0"].reason == "Pending"


async def test_nothing_is_read_if_no_job_is_suspended(world: World) -> None:
    world.of("0", suspend=False)
    world.admissions = world.reader(on=False)
    world.of("1")
    await asyncio.sleep(3 * SOON)
    assert world.kueue.asked == []
