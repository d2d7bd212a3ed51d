"""One queue of keys: every event only puts a key in, and one reconcile at a time takes
it out.

What may move a DubJob on goes first. What only has to be told waits while there is something to
do, until nothing was heard of the DubJob for a blink, and then for the one worker that tells: the
slower the API server, the fewer words. A DubJob that moves on meanwhile is told of once, not
twice, which spares a busy API server writes that nobody would have had the time to read.
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
from dubjob_operator.planning.deadlines import DEBOUNCE_SECONDS

WORKERS = 8
FIRST_RETRY_SECONDS = 0.2
LONGEST_RETRY_SECONDS = 60.0

logger = logging.getLogger(__name__)


class WorkQueue:
    """Keys to reconcile. A key that is added many times is taken once; one that is
    added while it is worked on comes again afterwards."""

    def __init__(self, reconcile: Callable[[Key], Awaitable[float | None]]) -> None:
        self._reconcile = reconcile
        self._to_act: asyncio.Queue[Key] = asyncio.Queue()
        self._to_tell: asyncio.Queue[Key] = asyncio.Queue()
        self._waiting: dict[Key, asyncio.Queue[Key]] = {}
        """Where a key waits: one that was told of first and acts now lies in both."""
        self._at_work: set[Key] = set()
        self._again: dict[Key, Callable[[Key], None]] = {}
        """How to add what was added while it was at work."""
        self._failures: dict[Key, int] = {}
        self._words: dict[Key, asyncio.TimerHandle] = {}
        """What has to be told once the blink is over."""
        self._due: dict[Key, asyncio.TimerHandle] = {}
        """When to look again, whatever is heard till then."""
        self._numbers = itertools.count(1)
        QUEUE_DEPTH.set_function(lambda: len(self._waiting))

    def add(self, key: Key) -> None:
        """Reconcile `key` soon: something may be due."""
        if key in self._at_work:
            self._again[key] = self.add
        elif self._waiting.get(key) is not self._to_act:
            self._put(key, self._to_act)

    def add_low_priority(self, key: Key) -> None:
        """Reconcile `key` for the sake of its status alone."""
        if key in self._at_work:
            self._again.setdefault(key, self.add_low_priority)
        elif not self._waiting and not self._at_work:
            self._put(key, self._to_tell)
        elif key not in self._waiting:
            self._put_later(self._words, DEBOUNCE_SECONDS, key, self._to_tell)

    def _put_later(
        self,
        timers: dict[Key, asyncio.TimerHandle],
        seconds: float,
        key: Key,
        queue: asyncio.Queue[Key],
    ) -> None:
        _cancel(timers, key)
        timers[key] = asyncio.get_running_loop().call_later(seconds, self._put, key, queue)

    def _put(self, key: Key, queue: asyncio.Queue[Key]) -> None:
        _cancel(self._words, key)
        _cancel(self._due, key)
        self._waiting[key] = queue
        queue.put_nowait(key)

    async def run(self) -> None:
        """Work for ever."""
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(self._work(self._to_act))
            group.create_task(self._work(self._to_tell))

    async def _work(self, queue: asyncio.Queue[Key]) -> None:
        while True:
            key = await queue.get()
            if self._waiting.get(key) is not queue:
                continue
            del self._waiting[key]
            self._at_work.add(key)
            try:
                await self._one(key)
            finally:
                self._at_work.discard(key)
                if key in self._again:
                    self._again.pop(key)(key)
            # What is at rest needs no call: ten thousand of those would let nobody else work.
            await asyncio.sleep(0)

    async def _one(self, key: Key) -> None:
        begun = time.monotonic()
        outcome = await self._outcome(key)
        RECONCILE_SECONDS.labels(outcome).observe(time.monotonic() - begun)
        if outcome in ("ok", "not-leading"):
            return
        count = self._failures[key] = self._failures.get(key, 0) + 1
        seconds = min(FIRST_RETRY_SECONDS * 2 ** (count - 1), LONGEST_RETRY_SECONDS)
        self._put_later(self._due, seconds, key, self._to_act)

    async def _outcome(self, key: Key) -> str:
        """Reconcile once; one word for how it went."""
        token = RECONCILE.set({"dubjob": "/".join(key), "reconcile": next(self._numbers)})
        try:
            again = await self._reconcile(key)
        except Conflict:
            # What was read is old; the watch brings what is new.
            logger.debug("changed meanwhile")
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
        self._failures.pop(key, None)
        if again is not None:
            self._put_later(self._due, again, key, self._to_tell)
        return "ok"


def _cancel(timers: dict[Key, asyncio.TimerHandle], key: Key) -> None:
    timer = timers.pop(key, None)
    if timer:
        timer.cancel()
