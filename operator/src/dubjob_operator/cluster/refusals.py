"""Why a Job has no pod: quota, a policy, a missing service account. Only the Job
controller's events say so; they are asked for where a Job stays without a pod."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError
from dubjob_operator.planning.deadlines import BLINK_SECONDS, seconds_since
from dubjob_operator.planning.observation import Object, controller_uid

REASON = "FailedCreate"
"""The Job controller's word for a pod that the API server refused."""


class Refusals:
    """Reads the events of Jobs without pods."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def of(
        self, jobs: Sequence[Object], pods: Sequence[Object], now: datetime
    ) -> dict[str, str]:
        """By Job, the latest message; only of Jobs that wait for a pod."""
        owners = {controller_uid(pod) for pod in pods}
        found = {}
        for job in jobs:
            if _waits(job, now) and job["metadata"]["uid"] not in owners:
                message = await self._latest(job)
                if message:
                    found[job["metadata"]["name"]] = message
        return found

    async def _latest(self, job: Object) -> str | None:
        metadata = job["metadata"]
        query = {
            "fieldSelector": f"involvedObject.uid={metadata['uid']},reason={REASON}",
            "limit": "50",
        }
        try:
            listed = await self._client.request(
                "GET", f"/api/v1/namespaces/{metadata['namespace']}/events", query=query
            )
        except ApiError:
            return None
        events = sorted(listed["items"], key=lambda event: event.get("lastTimestamp") or "")
        return str(events[-1]["message"]) if events else None


def _waits(job: Object, now: datetime) -> bool:
    if job.get("spec", {}).get("suspend") or job["metadata"].get("deletionTimestamp"):
        return False
    if job.get("status", {}).get("conditions"):
        return False
    return seconds_since(job["metadata"].get("creationTimestamp"), now) >= BLINK_SECONDS
