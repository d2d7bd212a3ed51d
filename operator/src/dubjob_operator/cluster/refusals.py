"""Why a Job has no pod: quota, a policy, a missing service account. Only the Job
controller's events say so; they are asked for where a Job stays without a pod."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError
from dubjob_operator.cluster.rest_after import rest_after
from dubjob_operator.planning.deadlines import BLINK_SECONDS, seconds_since
from dubjob_operator.planning.observation import Object, controller_uid
from dubjob_operator.planning.plan import NO_POD_SECONDS

REFUSED = "reason=FailedCreate,involvedObject.kind=Job"
"""The Job controller's word for a pod that the API server refused."""


class Refusals:
    """Reads the events of a namespace beside the reconciles, for all its Jobs at once."""

    def __init__(
        self,
        client: Client,
        wake: Callable[[Key], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`wake`: asks for another reconcile, for which something was read."""
        self._client = client
        self._wake = wake
        self._clock = clock
        self._known: dict[str, dict[str, str]] = {}
        """By namespace and Job's UID."""
        self._asked: dict[str, dict[str, Key]] = {}
        """Who waits for the next reading, likewise."""
        self._due: dict[str, float] = {}
        self._reads: dict[str, asyncio.Task[None]] = {}

    def of(
        self, key: Key, jobs: Sequence[Object], pods: Sequence[Object], now: datetime
    ) -> dict[str, str]:
        """By Job, the latest message that was read; only of Jobs that wait for a pod.
        Reads, where it is time."""
        owners = {controller_uid(pod) for pod in pods}
        namespace, found = key[0], {}
        for job in jobs:
            uid = job["metadata"]["uid"]
            if uid in owners or not _waits(job, now):
                continue
            self._asked.setdefault(namespace, {})[uid] = key
            if uid in self._known.get(namespace, {}):
                found[job["metadata"]["name"]] = self._known[namespace][uid]
        due = self._clock() >= self._due.get(namespace, 0.0)
        if self._asked.get(namespace) and due and namespace not in self._reads:
            self._reads[namespace] = asyncio.create_task(self._read(namespace))
        return found

    async def _read(self, namespace: str) -> None:
        begun = self._clock()
        asked = self._asked.pop(namespace)
        try:
            known = self._known[namespace] = await self._messages(namespace)
        except ApiError:
            return
        finally:
            ended = self._clock()
            took = ended - begun
            self._due[namespace] = ended + rest_after(took, NO_POD_SECONDS - took)
            del self._reads[namespace]
        for uid, key in asked.items():
            if uid in known:
                self._wake(key)

    async def _messages(self, namespace: str) -> dict[str, str]:
        path, query = f"/api/v1/namespaces/{namespace}/events", {"fieldSelector": REFUSED}
        listed = await self._client.request("GET", path, query=query)
        events = sorted(listed["items"] or (), key=lambda event: event.get("lastTimestamp") or "")
        return {event["involvedObject"]["uid"]: str(event["message"]) for event in events}


def _waits(job: Object, now: datetime) -> bool:
    if job.get("spec", {}).get("suspend") or job["metadata"].get("deletionTimestamp"):
        return False
    if job.get("status", {}).get("conditions"):
        return False
    return seconds_since(job["metadata"].get("creationTimestamp"), now) >= BLINK_SECONDS
