"""An event loop in a thread of its own: requests of threads that wait can be ended from outside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from threading import Lock, Thread
from typing import Any, TypeVar

Result = TypeVar("Result")


class Loop:
    """Runs coroutines for threads. All of them can share it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._lock = Lock()
        self._is_closed = False
        # A thread that is waited for would keep a stage that has failed from ending.
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def result(self, work: Coroutine[Any, Any, Result], seconds: float) -> Result:
        """The result of `work`. Raises TimeoutError after that many seconds, and
        CancelledError if the loop is closed."""
        with self._lock:
            if self._is_closed:
                work.close()
                raise asyncio.CancelledError
            future = asyncio.run_coroutine_threadsafe(self._within(work, seconds), self._loop)
        return future.result()

    def close(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Cancel what runs, and then run `last`."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        asyncio.run_coroutine_threadsafe(self._end(last), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @staticmethod
    async def _within(work: Coroutine[Any, Any, Result], seconds: float) -> Result:
        return await asyncio.wait_for(work, seconds)

    async def _end(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        running = asyncio.all_tasks(self._loop) - {asyncio.current_task(self._loop)}
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await last()
        await self._loop.shutdown_asyncgens()
