"""Progress of a stage: read from its log, independent of reconciles."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, cast

import pytest
from planning_world import NOW, World

from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import Unavailable
from dubjob_operator.cluster.progress import ProgressReader, last_progress

KEY = ("dubbing", "talk")


class Kubelet:
    """Answers with a log, or not at all."""

    def __init__(self, log: str | None) -> None:
        self.log = log
        self.asked = 0
        self.goes_on = asyncio.Event()

    async def text(self, method: str, path: str, **_: Any) -> str:
        self.asked += 1
        await self.goes_on.wait()
        if self.log is None:
            raise Unavailable(0, "NoAnswer", path)
        return self.log


def running() -> World:
    world = World()
    world.step()
    world.pod("Running")
    world.step()
    return world


@pytest.mark.parametrize(
    ("log", "share"),
    [
        ('{"progress": 0.25}\n{"progress": 0.5}\n{"message": "x"}', 50),
        ('{"progress": 7}', 100),
        ('{"progress": "much"}\nnot JSON', None),
        ("", None),
        ('{"progress": 0.5}\n{"progress": Infinity}', 50),
        ('{"progress": 0.5}\n{"progress": NaN}', 50),
        ('{"progress": 0.5}\n{"progress": 1' + "0" * 400 + "}", 50),
        ('{"progress": 0.5}\n' + "[" * 100_000, 50),
    ],
)
def test_last_progress_line_counts(log: str, share: int | None) -> None:
    assert last_progress(log) == share


async def test_log_is_read_every_15_seconds_and_triggers_a_reconcile() -> None:
    kubelet, woken = Kubelet('{"progress": 0.4}'), list[tuple[str, str]]()
    reader, world = ProgressReader(cast("Client", kubelet), woken.append), running()
    assert reader.of(world.dubjob, world.observed(), NOW) is None
    assert reader.of(world.dubjob, world.observed(), NOW + timedelta(seconds=10)) is None
    assert kubelet.asked == 0
    assert reader.of(world.dubjob, world.observed(), NOW + timedelta(seconds=15)) is None
    kubelet.goes_on.set()
    await asyncio.sleep(0.01)
    assert woken == [KEY]
    (share,) = (
        reader.of(world.dubjob, world.observed(), NOW + timedelta(seconds=15)) or {}
    ).values()
    assert share == 40
    assert kubelet.asked == 1


async def test_unresponsive_kubelet_blocks_nothing() -> None:
    kubelet, woken = Kubelet(None), list[tuple[str, str]]()
    reader, world = ProgressReader(cast("Client", kubelet), woken.append), running()
    for seconds in (0, 15, 30, 45):
        assert reader.of(world.dubjob, world.observed(), NOW + timedelta(seconds=seconds)) is None
        await asyncio.sleep(0)
    assert kubelet.asked == 1, "asked again while the first question stands"
    kubelet.goes_on.set()
    await asyncio.sleep(0.01)
    assert woken == []
    assert reader.of(world.dubjob, world.observed(), NOW + timedelta(seconds=60)) is None


async def test_progress_can_be_disabled() -> None:
    kubelet = Kubelet("")
    reader, world = ProgressReader(cast("Client", kubelet), lambda _: None, on=False), running()
    for seconds in (0, 15, 30):
        assert reader.of(world.dubjob, world.observed(), NOW + timedelta(seconds=seconds)) is None
    await asyncio.sleep(0)
    assert kubelet.asked == 0
