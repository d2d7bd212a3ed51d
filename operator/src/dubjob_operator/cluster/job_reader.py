"""Reads what explains why Jobs wait, once for all Jobs of a namespace, while at least one waits."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Generic, TypeVar

from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError
from dubjob_operator.cluster.read_interval import read_interval

Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)


class JobReader(Generic[Answer]):
    """Reads in the background, so that a slow API server delays no DubJob."""

    def __init__(
        self,
        client: Client,
        wake: Callable[[Key], None],
        read: Callable[[str], Awaitable[dict[str, Answer]]],
        *,
        first_seconds: float,
        seconds: float,
    ) -> None:
        """`wake`: requests another reconcile when something new was read. `read`: the answers in a
        namespace, by UID of the Job. `first_seconds`: delay before the first read; `seconds`: the
        least interval between later ones."""
        self._client = client
        self._wake = wake
        self._read = read
        self._first_seconds = first_seconds
        self._seconds = seconds
        self._known: dict[str, dict[str, Answer]] = {}
        """By namespace and UID of the Job."""
        self._waiting: dict[str, dict[Key, set[str]]] = {}
        """UIDs of the Jobs that wait, by namespace and DubJob."""
        self._readers: dict[str, asyncio.Task[None]] = {}

    def of(self, key: Key, waiting: Iterable[str]) -> Mapping[str, Answer] | None:
        """The answers of the namespace by UID of the Job, None as long as nothing has been read.
        `waiting`: UIDs of the Jobs of this DubJob that wait. Reads until this is called without
        any."""
        uids, namespace = set(waiting), key[0]
        if not uids:
            self.forget(key)
            return None
        self._waiting.setdefault(namespace, {})[key] = uids
        if namespace not in self._readers:
            self._readers[namespace] = asyncio.create_task(self._read_while_waiting(namespace))
        return self._known.get(namespace)

    def forget(self, key: Key) -> None:
        """Stop reading for a DubJob of which no Job waits."""
        self._waiting.get(key[0], {}).pop(key, None)

    async def _read_while_waiting(self, namespace: str) -> None:
        interval = self._first_seconds
        while await self._still_waits(namespace, interval):
            begun = time.monotonic()
            try:
                await self._read_once(namespace)
            except ApiError as error:
                logger.debug("waiting Jobs of %s: %s", namespace, error)
            except Exception:
                logger.exception("waiting Jobs of %s", namespace)
            took = time.monotonic() - begun
            interval = read_interval(took, self._seconds - took)
        del self._readers[namespace], self._waiting[namespace]
        self._known.pop(namespace, None)

    async def _still_waits(self, namespace: str, interval: float) -> bool:
        await asyncio.sleep(interval)
        if not self._client.may_write():
            # Another replica leads. If this one leads again, the resync finds the Jobs that
            # still wait.
            self._waiting[namespace].clear()
        return bool(self._waiting[namespace])

    async def _read_once(self, namespace: str) -> None:
        before = self._known.get(namespace, {})
        known = self._known[namespace] = await self._read(namespace)
        for key, uids in list(self._waiting[namespace].items()):
            if any(known.get(uid) != before.get(uid) for uid in uids):
                self._wake(key)
