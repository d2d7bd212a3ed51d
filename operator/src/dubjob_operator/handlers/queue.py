"""One queue of keys: every event only puts a key in, and one reconcile at a time takes
it out."""

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

WORKERS = 8
FIRST_RETRY_SECONDS = 0.2
LONGEST_RETRY_SECONDS = 60.0

logger = logging.getLogger(__name__)


class WorkQueue:
    """Keys to reconcile. A key that is added many times is taken once; one that is
    added while it is worked on comes again afterwards."""

    def __init__(self, reconcile: Callable[[Key], Awaitable[float | None]]) -> None:
        self._reconcile = reconcile
        self._ready: asyncio.Queue[Key] = asyncio.Queue()
        self._waiting: set[Key] = set()
        self._at_work: set[Key] = set()
        self._again: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._later: dict[Key, asyncio.TimerHandle] = {}
        self._numbers = itertools.count(1)
        QUEUE_DEPTH.set_function(self._ready.qsize)

    def add(self, key: Key) -> None:
        """Reconcile `key` soon."""
        timer = self._later.pop(key, None)
        if timer:
            timer.cancel()
        if key in self._at_work:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.put_nowait(key)

    def add_later(self, key: Key, seconds: float) -> None:
        """Reconcile `key` after `seconds`, or sooner if it is added meanwhile."""
        timer = self._later.pop(key, None)
        if timer:
            timer.cancel()
        self._later[key] = asyncio.get_running_loop().call_later(seconds, self.add, key)

    async def run(self) -> None:
        """Work for ever."""
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            key = await self._ready.get()
            self._waiting.discard(key)
            self._at_work.add(key)
            try:
                await self._one(key)
            finally:
                self._at_work.discard(key)
                if key in self._again:
                    self._again.discard(key)
                    self.add(key)

    async def _one(self, key: Key) -> None:
        begun = time.monotonic()
        outcome = await self._outcome(key)
        RECONCILE_SECONDS.labels(outcome).observe(time.monotonic() - begun)
        if outcome in ("ok", "not-leading"):
            return
        count = self._failures[key] = self._failures.get(key, 0) + 1
        self.add_later(key, min(FIRST_RETRY_SECONDS * 2 ** (count - 1), LONGEST_RETRY_SECONDS))

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
        if again is not None and key not in self._again:
            self.add_later(key, again)
        return "ok"
