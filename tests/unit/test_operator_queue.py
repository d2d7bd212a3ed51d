"""The work queue: one at a time, again after a failure, and what can wait waits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from dubjob_operator.api.dubjob import Key
from dubjob_operator.handlers import queue as queue_module
from dubjob_operator.handlers.queue import WorkQueue

DEBOUNCE = 0.1


@contextlib.asynccontextmanager
async def working(reconcile: Callable[[Key], Awaitable[float | None]]) -> AsyncIterator[WorkQueue]:
    """A queue that works until the test leaves it."""
    queue = WorkQueue(reconcile)
    task = asyncio.create_task(queue.run())
    try:
        yield queue
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_failing_key_is_requeued_without_delaying_others() -> None:
    done = asyncio.Event()
    seen: list[str] = []

    async def reconcile(key: Key) -> float | None:
        seen.append(key[1])
        if seen.count("bad") == 2 and "good" in seen:
            done.set()
        if key[1] == "bad":
            raise ValueError("a surprise")
        return None

    async with working(reconcile) as queue:
        queue.add(("n", "bad"))
        queue.add(("n", "good"))
        await asyncio.wait_for(done.wait(), 2)


async def test_key_has_one_worker_and_is_requeued_if_changed() -> None:
    done = asyncio.Event()
    active, most, runs = 0, 0, 0

    async def reconcile(key: Key) -> float | None:
        nonlocal active, most, runs
        active += 1
        most = max(most, active)
        runs += 1
        if runs == 1:
            for _ in range(5):
                queue.add(key)
        await asyncio.sleep(0.01)
        active -= 1
        if runs == 2:
            done.set()
        return None

    async with working(reconcile) as queue:
        queue.add(("n", "one"))
        await asyncio.wait_for(done.wait(), 2)
        await asyncio.sleep(0.05)
    assert (runs, most) == (2, 1)


class Slow:
    """Reconciles that end when the test says, and the order in which they began."""

    def __init__(self, look_again: float | None = None) -> None:
        self.began: list[str] = []
        self.goes_on = asyncio.Event()
        self.look_again = look_again

    async def __call__(self, key: Key) -> float | None:
        self.began.append(key[1])
        if key[1] == "slow":
            await self.goes_on.wait()
        return self.look_again


@pytest.fixture(autouse=True)
def short_debounce(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "DEBOUNCE_SECONDS", DEBOUNCE)


async def test_idle_queue_writes_status_updates_immediately() -> None:
    slow = Slow()
    async with working(slow) as queue:
        queue.add_low_priority(("n", "one"))
        await asyncio.sleep(0.01)
        assert slow.began == ["one"]


async def test_busy_queue_delays_and_merges_status_updates() -> None:
    slow = Slow()
    async with working(slow) as queue:
        queue.add(("n", "slow"))
        await asyncio.sleep(0.01)
        for _ in range(3):
            queue.add_low_priority(("n", "moves on"))
            queue.add_low_priority(("n", "stays"))
        queue.add(("n", "moves on"))
        await asyncio.sleep(DEBOUNCE / 2)
        assert slow.began == ["slow", "moves on"]
        await asyncio.sleep(DEBOUNCE)
        assert slow.began == ["slow", "moves on", "stays"]


@pytest.mark.parametrize("add", [WorkQueue.add, WorkQueue.add_low_priority])
async def test_closed_queue_ends_what_it_has_begun_and_begins_nothing_more(
    add: Callable[[WorkQueue, Key], None],
) -> None:
    slow, ended = Slow(look_again=0.0), asyncio.Event()

    async def reconcile(key: Key) -> float | None:
        again = await slow(key)
        ended.set()
        return again

    async with working(reconcile) as queue:
        add(queue, ("n", "slow"))
        await asyncio.sleep(0.01)
        closing = asyncio.create_task(queue.close())
        await asyncio.sleep(0.01)
        for name in ("slow", "too late"):
            queue.add(("n", name))
        await asyncio.sleep(0.1)
        assert not closing.done()
        slow.goes_on.set()
        await asyncio.wait_for(closing, 2)
        assert ended.is_set()
        await asyncio.sleep(0.01)
        assert slow.began == ["slow"]


async def test_closing_does_not_wait_for_a_reconcile_that_is_canceled() -> None:
    slow = Slow()
    queue = WorkQueue(slow)
    await asyncio.wait_for(queue.close(), 2)
    queue = WorkQueue(slow)
    task = asyncio.create_task(queue.run())
    queue.add(("n", "slow"))
    await asyncio.sleep(0.01)
    closing = asyncio.create_task(queue.close())
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait_for(closing, 2)
    assert not slow.goes_on.is_set()


async def test_status_update_is_debounced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue_module, "DEBOUNCE_SECONDS", 5 * DEBOUNCE)
    slow = Slow()
    async with working(slow) as queue:
        queue.add(("n", "slow"))
        await asyncio.sleep(0.01)
        for _ in range(20):
            queue.add_low_priority(("n", "changes"))
            await asyncio.sleep(DEBOUNCE / 2)
        assert slow.began == ["slow"], "no pause was long enough"
        await asyncio.sleep(6 * DEBOUNCE)
        assert slow.began == ["slow", "changes"]


async def test_delayed_status_update_delays_no_deadline() -> None:
    slow = Slow(look_again=DEBOUNCE / 4)
    async with working(slow) as queue:
        queue.add(("n", "slow"))
        queue.add(("n", "due"))
        await asyncio.sleep(0.01)
        for _ in range(5):
            queue.add_low_priority(("n", "due"))
            await asyncio.sleep(DEBOUNCE / 10)
        assert slow.began.count("due") >= 2


@pytest.mark.parametrize("add", ["add", "add_low_priority"])
async def test_namespaces_are_served_in_turn(add: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "WORKERS", 1)
    monkeypatch.setattr(queue_module, "DEBOUNCE_SECONDS", 0.0)
    seen: list[Key] = []

    async def reconcile(key: Key) -> float | None:
        seen.append(key)
        return None

    async with working(reconcile) as queue:
        for namespace, number in [("big", 1000), ("small", 3), ("other", 1)]:
            for each in range(number):
                getattr(queue, add)((namespace, f"talk-{each}"))
        async with asyncio.timeout(10):
            while len(seen) < 1004:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    places = {key: place for place, key in enumerate(seen)}
    assert len(places) == 1004
    assert max(places[key] for key in places if key[0] != "big") < 12
    big = [key for key in seen if key[0] == "big"]
    assert big == [("big", f"talk-{each}") for each in range(1000)], "in their order"
