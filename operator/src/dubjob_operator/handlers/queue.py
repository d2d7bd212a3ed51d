"""The work queue: keys of DubJobs that are reconciled one after another.

A key with normal priority is reconciled soon: a Job may have to be created or deleted. A key with
low priority only needs a status update. While there is other work, it is debounced: it waits until
nothing has changed for :data:`DEBOUNCE_SECONDS`, and then for the only worker of low priority. The
slower the API server, the fewer such updates it gets; a DubJob that needs a new Job meanwhile is
written once, not twice.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Awaitable, Callable

from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.errors import ApiError, Conflict, NotLeading
from dubjob_operator.cluster.log_context import RECONCILE
from dubjob_operator.cluster.metrics import QUEUE_DEPTH, RECONCILE_SECONDS
from dubjob_operator.handlers.fair_queue import FairQueue
from dubjob_operator.planning.deadlines import DEBOUNCE_SECONDS

WORKERS = 8
FIRST_RETRY_SECONDS = 0.2
LONGEST_RETRY_SECONDS = 60.0

logger = logging.getLogger(__name__)


class WorkQueue:
    """Keys to reconcile. A key that is added several times is reconciled once. A key that is added
    while it is being reconciled is reconciled again afterwards. Namespaces are served in turn."""

    def __init__(self, reconcile: Callable[[Key], Awaitable[float | None]]) -> None:
        self._reconcile = reconcile
        self._normal = FairQueue()
        self._low = FairQueue()
        self._waiting: dict[Key, FairQueue] = {}
        """The queue in which a key counts. After a change of priority it is in both."""
        self._active: set[Key] = set()
        self._added_again: dict[Key, bool] = {}
        """Keys that were added while active: whether with normal priority."""
        self._failures: dict[Key, int] = {}
        self._debounced: dict[Key, asyncio.TimerHandle] = {}
        self._requeued: dict[Key, asyncio.TimerHandle] = {}
        """Keys that are due after some time, whatever changes until then."""
        self._numbers = itertools.count(1)
        self._is_closed = False
        self._ended = asyncio.Event()
        """Set whenever a reconcile has ended."""
        QUEUE_DEPTH.set_function(lambda: len(self._waiting))

    def add(self, key: Key) -> None:
        """Reconcile `key` soon."""
        if key in self._active:
            self._added_again[key] = True
        elif self._waiting.get(key) is not self._normal:
            self._put(key, self._normal)

    def add_low_priority(self, key: Key) -> None:
        """Reconcile `key` only for its status."""
        if key in self._active:
            self._added_again.setdefault(key, False)
        elif not self._waiting and not self._active:
            self._put(key, self._low)
        elif key not in self._waiting:
            self._put_later(self._debounced, DEBOUNCE_SECONDS, key, self._low)

    def is_busy(self) -> bool:
        """Whether other keys than the one that is being reconciled wait or are reconciled."""
        return bool(self._waiting) or len(self._active) > 1

    def _put_later(
        self,
        timers: dict[Key, asyncio.TimerHandle],
        seconds: float,
        key: Key,
        queue: FairQueue,
    ) -> None:
        _cancel(timers, key)
        timers[key] = asyncio.get_running_loop().call_later(seconds, self._put, key, queue)

    def _put(self, key: Key, queue: FairQueue) -> None:
        _cancel(self._debounced, key)
        _cancel(self._requeued, key)
        self._waiting[key] = queue
        queue.put_nowait(key)

    async def run(self) -> None:
        """Reconcile until canceled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(self._work(self._normal))
            group.create_task(self._work(self._low))

    async def close(self) -> None:
        """Begin no more reconciles, and wait until those that have begun are done: one that has
        written a status has still to emit its Events."""
        self._is_closed = True
        while self._active:
            self._ended.clear()
            await self._ended.wait()

    async def _work(self, queue: FairQueue) -> None:
        while True:
            key = await queue.get()
            if self._is_closed or self._waiting.get(key) is not queue:
                continue
            del self._waiting[key]
            self._active.add(key)
            try:
                await self._one(key)
            finally:
                self._active.discard(key)
                self._ended.set()
                self._add_again(key)
            # An idle DubJob needs no call. Ten thousand of them would block all other tasks.
            await asyncio.sleep(0)

    def _add_again(self, key: Key) -> None:
        if key not in self._added_again:
            return
        if self._added_again.pop(key):
            self.add(key)
        else:
            self.add_low_priority(key)

    async def _one(self, key: Key) -> None:
        begun = time.monotonic()
        outcome = await self._outcome(key)
        RECONCILE_SECONDS.labels(outcome).observe(time.monotonic() - begun)
        if outcome in ("ok", "not-leading"):
            self._failures.pop(key, None)
            return
        count = self._failures[key] = self._failures.get(key, 0) + 1
        seconds = min(FIRST_RETRY_SECONDS * 2 ** (count - 1), LONGEST_RETRY_SECONDS)
        self._put_later(self._requeued, seconds, key, self._normal)

    async def _outcome(self, key: Key) -> str:
        """Reconcile once; return the outcome as a metric labels it."""
        token = RECONCILE.set({"dubjob": "/".join(key), "reconcile": next(self._numbers)})
        try:
            again = await self._reconcile(key)
        except Conflict:
            # The cache is behind. The retry reads the new version.
            logger.debug("the object has changed since it was read")
            return "conflict"
        except NotLeading:
            return "not-leading"
        except ApiError as error:
            logger.warning("%s", error)
            return "api-error"
        except Exception:
            logger.exception("reconcile failed")
            return "error"
        finally:
            RECONCILE.reset(token)
        if again is not None:
            self._put_later(self._requeued, again, key, self._low)
        return "ok"


def _cancel(timers: dict[Key, asyncio.TimerHandle], key: Key) -> None:
    timer = timers.pop(key, None)
    if timer:
        timer.cancel()
