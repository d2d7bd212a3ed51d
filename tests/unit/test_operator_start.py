"""kopf's start with many objects."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from kopf._cogs.aiokits.aiotoggles import Toggle, ToggleSet

from dubjob_operator.handlers import quick_start

OBJECTS = 500


async def start() -> int:
    """Index many objects as kopf does; how often somebody looked whether all are."""
    looks = 0

    def counted(states: Iterable[bool]) -> bool:
        nonlocal looks
        looks += 1
        return all(states)

    toggles = ToggleSet(counted)
    listing = await toggles.make_toggle(name="the listing")
    workers = []

    async def index(own: Toggle) -> None:
        await toggles.drop_toggle(own)
        await toggles.wait_for(True)

    for _ in range(OBJECTS):
        toggle = await toggles.make_toggle()
        workers.append(asyncio.create_task(index(toggle)))
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not any(worker.done() for worker in workers), "the listing is not over"
    await toggles.drop_toggle(listing)
    await asyncio.wait_for(asyncio.gather(*workers), 10)
    return looks


async def test_the_work_of_a_start_grows_with_the_number_of_objects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert await start() > OBJECTS**2 / 4, "kopf does it well itself: remove quick_start"
    monkeypatch.setattr(ToggleSet, "make_toggle", ToggleSet.make_toggle)
    monkeypatch.setattr(ToggleSet, "drop_toggle", ToggleSet.drop_toggle)
    quick_start.install()
    assert await start() < OBJECTS * 10
