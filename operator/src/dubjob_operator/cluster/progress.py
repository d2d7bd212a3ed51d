"""How far a running stage is: the last progress line of its pod's log.

No listener and no token in the pod. When it fails, nothing else does.
"""

from __future__ import annotations

import asyncio
import json
from datetime import datetime

from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJob, StageState
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError
from dubjob_operator.planning.observation import Observed
from dubjob_operator.planning.plan import PROGRESS_SECONDS

TAIL_LINES = "20"
CONCURRENT_READS = 10


class ProgressReader:
    """Reads the logs of running pods, each one every :data:`PROGRESS_SECONDS`."""

    def __init__(self, client: Client, on: bool = True) -> None:
        self._client = client
        self._reads = asyncio.Semaphore(CONCURRENT_READS)
        self._last: dict[str, datetime] = {}
        self._on = on

    async def of(self, dubjob: DubJob, observed: Observed, now: datetime) -> dict[str, int] | None:
        """Per cent by pod, of the pod that the recorded status says is running; None
        where it is not time to read."""
        running = {
            entry.pod_name for entry in dubjob.status.stages if entry.state is StageState.RUNNING
        }
        pods = [pod for pod in observed.pods if pod.name in running and pod.phase == "Running"]
        uid = dubjob.metadata.uid
        if not pods or not self._on:
            self._last.pop(uid, None)
            return None
        since = self._last.setdefault(uid, now)
        if (now - since).total_seconds() < PROGRESS_SECONDS - 1:
            return None
        self._last[uid] = now
        found = {}
        for pod in pods:
            share = await self._read(dubjob.metadata.namespace, pod.name)
            if share is not None:
                found[pod.name] = share
        return found

    async def _read(self, namespace: str, pod: str) -> int | None:
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        query = {"container": names.STAGE_CONTAINER, "tailLines": TAIL_LINES}
        try:
            async with self._reads:
                text = await self._client.text("GET", path, query=query)
        except ApiError:
            return None
        return last_progress(text)


def last_progress(log: str) -> int | None:
    """Per cent in the last line that has the field `progress`."""
    for line in reversed(log.splitlines()):
        try:
            share = json.loads(line)["progress"]
            return max(0, min(100, int(float(share) * 100)))
        except (ValueError, KeyError, TypeError):
            continue
    return None
