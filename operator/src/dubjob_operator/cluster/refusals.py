"""Why a Job has no pod: a quota, a policy, a missing service account.

Only the Events of the Job controller say so. They are read while a Job has no pod.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError
from dubjob_operator.cluster.read_interval import read_interval
from dubjob_operator.planning.deadlines import DEBOUNCE_SECONDS
from dubjob_operator.planning.idle import is_active
from dubjob_operator.planning.observation import (
    NotRefused,
    Object,
    PodRefusal,
    Refusal,
    controller_uid,
)

logger = logging.getLogger(__name__)

READ_SECONDS = 15.0
"""Interval at which Events are read while a Job waits for its pod."""
REFUSED = "reason=FailedCreate,involvedObject.kind=Job"
"""Selects the Events that the Job controller emits when the API server refuses a pod."""


class Refusals:
    """Reads the Events of a namespace in the background, for all its Jobs at once."""

    def __init__(self, client: Client, wake: Callable[[Key], None]) -> None:
        """`wake`: requests another reconcile when something new was read."""
        self._client = client
        self._wake = wake
        self._known: dict[str, dict[str, str]] = {}
        """Messages by namespace and UID of the Job."""
        self._waiting: dict[str, dict[Key, set[str]]] = {}
        """UIDs of the Jobs without pods, by namespace and DubJob."""
        self._readers: dict[str, asyncio.Task[None]] = {}

    def of(self, key: Key, jobs: Sequence[Object], pods: Sequence[Object]) -> dict[str, PodRefusal]:
        """By name of the Job, whether its pods are refused; empty as long as no Events have been
        read. Contains only Jobs that wait for a pod. Their Events are read until this is called
        without them."""
        owners = {controller_uid(pod) for pod in pods}
        waiting = {
            job["metadata"]["uid"]: job["metadata"]["name"]
            for job in jobs
            if _waits(job) and job["metadata"]["uid"] not in owners
        }
        namespace = key[0]
        if not waiting:
            self.forget(key)
            return {}
        self._waiting.setdefault(namespace, {})[key] = set(waiting)
        if namespace not in self._readers:
            self._readers[namespace] = asyncio.create_task(self._read_while_waiting(namespace))
        known = self._known.get(namespace)
        if known is None:
            return {}
        return {
            name: Refusal(known[uid]) if known.get(uid) else NotRefused()
            for uid, name in waiting.items()
        }

    def forget(self, key: Key) -> None:
        """Stop reading for a DubJob that no longer waits for a pod."""
        self._waiting.get(key[0], {}).pop(key, None)

    async def _read_while_waiting(self, namespace: str) -> None:
        """Read as long as a Job waits."""
        interval = DEBOUNCE_SECONDS
        while await self._still_waits(namespace, interval):
            begun = time.monotonic()
            try:
                await self._read(namespace)
            except ApiError as error:
                logger.debug("events of %s: %s", namespace, error)
            except Exception:
                logger.exception("events of %s", namespace)
            took = time.monotonic() - begun
            interval = read_interval(took, READ_SECONDS - took)
        del self._readers[namespace], self._waiting[namespace]
        self._known.pop(namespace, None)

    async def _still_waits(self, namespace: str, interval: float) -> bool:
        await asyncio.sleep(interval)
        if not self._client.may_write():
            # Another replica leads. If this one leads again, the resync finds the Jobs that
            # still wait.
            self._waiting[namespace].clear()
        return bool(self._waiting[namespace])

    async def _read(self, namespace: str) -> None:
        before = self._known.get(namespace, {})
        known = self._known[namespace] = await self._messages(namespace)
        for key, uids in list(self._waiting[namespace].items()):
            if any(known.get(uid) != before.get(uid) for uid in uids):
                self._wake(key)

    async def _messages(self, namespace: str) -> dict[str, str]:
        path, query = f"/api/v1/namespaces/{namespace}/events", {"fieldSelector": REFUSED}
        listed = await self._client.request("GET", path, query=query)
        events = sorted(listed["items"] or (), key=lambda event: event.get("lastTimestamp") or "")
        return {
            event.get("involvedObject", {}).get("uid", ""): str(event.get("message", ""))
            for event in events
        }


def _waits(job: Object) -> bool:
    suspended = job.get("spec", {}).get("suspend")
    return is_active(job) and not suspended and not job["metadata"].get("deletionTimestamp")
