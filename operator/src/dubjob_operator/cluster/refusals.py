"""Why a Job has no pod: a quota, a policy, a missing service account.

Only the Events of the Job controller say so. They are read while a Job has no pod.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.job_reader import JobReader
from dubjob_operator.planning.deadlines import DEBOUNCE_SECONDS
from dubjob_operator.planning.idle import is_active
from dubjob_operator.planning.observation import (
    NotRefused,
    PodRefusal,
    Refusal,
    controller_uid,
)
from dubjob_operator.planning.observed_pod import Object

READ_SECONDS = 15.0
"""Interval at which Events are read while a Job waits for its pod."""
REFUSED = "reason=FailedCreate,involvedObject.kind=Job"
"""Selects the Events that the Job controller emits when the API server refuses a pod."""


class Refusals:
    """Reads the Events of a namespace in the background, for all its Jobs at once."""

    def __init__(self, client: Client, wake: Callable[[Key], None]) -> None:
        """`wake`: requests another reconcile when something new was read."""
        self._client = client
        self._reader = JobReader(
            client, wake, self._messages, first_seconds=DEBOUNCE_SECONDS, seconds=READ_SECONDS
        )

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
        known = self._reader.of(key, waiting)
        if known is None:
            return {}
        return {
            name: Refusal(known[uid]) if known.get(uid) else NotRefused()
            for uid, name in waiting.items()
        }

    def forget(self, key: Key) -> None:
        """Stop reading for a DubJob that no longer waits for a pod."""
        self._reader.forget(key)

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
