"""Why a Job has no pod: quota, a policy, a missing service account. Only the Job
controller's events say so; they are asked for where a Job stays without a pod."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError
from dubjob_operator.cluster.read_interval import read_interval
from dubjob_operator.planning.deadlines import BLINK_SECONDS
from dubjob_operator.planning.idle import is_active
from dubjob_operator.planning.observation import Object, controller_uid

logger = logging.getLogger(__name__)

READ_SECONDS = 15.0
"""Where a Job waits for its pod, events are read this often."""
REFUSED = "reason=FailedCreate,involvedObject.kind=Job"
"""The Job controller's word for a pod that the API server refused."""


class Refusals:
    """Reads the events of a namespace beside the reconciles, for all its Jobs at once."""

    def __init__(self, client: Client, wake: Callable[[Key], None]) -> None:
        """`wake`: asks for another reconcile, for which something was read."""
        self._client = client
        self._wake = wake
        self._known: dict[str, dict[str, str]] = {}
        """By namespace and Job's UID."""
        self._waiting: dict[str, dict[Key, set[str]]] = {}
        """Whose Jobs have no pods, likewise."""
        self._readers: dict[str, asyncio.Task[None]] = {}

    def of(self, key: Key, jobs: Sequence[Object], pods: Sequence[Object]) -> dict[str, str]:
        """By Job, the latest message that was read, empty where there was none; nothing as long
        as nothing was read. Only of Jobs that wait for a pod, which are looked after until this
        is called without them."""
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
            self._readers[namespace] = asyncio.create_task(self._look_after(namespace))
        known = self._known.get(namespace)
        if known is None:
            return {}
        return {name: known.get(uid, "") for uid, name in waiting.items()}

    def forget(self, key: Key) -> None:
        """That DubJob waits for no pod any more."""
        self._waiting.get(key[0], {}).pop(key, None)

    async def _look_after(self, namespace: str) -> None:
        """Read as long as there is a Job that waits."""
        rest = BLINK_SECONDS
        while await self._still_waits(namespace, rest):
            begun = time.monotonic()
            try:
                await self._read(namespace)
            except ApiError as error:
                logger.debug("events of %s: %s", namespace, error)
            except Exception:
                logger.exception("events of %s", namespace)
            took = time.monotonic() - begun
            rest = read_interval(took, READ_SECONDS - took)
        del self._readers[namespace], self._waiting[namespace]
        self._known.pop(namespace, None)

    async def _still_waits(self, namespace: str, rest: float) -> bool:
        await asyncio.sleep(rest)
        if not self._client.may_write():
            # Another replica leads. Whoever waits is seen to again when this one does, at the
            # latest with the resync.
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
