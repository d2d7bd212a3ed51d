"""Progress of running stages, from the last progress line in the logs of their pods.

The pods need no token and no listener. If a log cannot be read, only the progress is missing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import datetime

from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJob, Key
from dubjob_operator.api.status import StageState
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError
from dubjob_operator.planning.observation import Observed
from dubjob_operator.planning.plan import PROGRESS_SECONDS

TAIL_LINES = "20"
CONCURRENT_READS = 10


class ProgressReader:
    """Reads the logs of running pods in the background, each every :data:`PROGRESS_SECONDS`, so
    that a kubelet that does not respond delays no DubJob."""

    def __init__(self, client: Client, wake: Callable[[Key], None], on: bool = True) -> None:
        """`wake`: requests another reconcile when something new was read."""
        self._client = client
        self._wake = wake
        self._on = on
        self._bound = asyncio.Semaphore(CONCURRENT_READS)
        self._last: dict[Key, datetime] = {}
        self._reads: dict[Key, asyncio.Task[None]] = {}
        self._found: dict[Key, dict[str, int]] = {}

    def of(self, dubjob: DubJob, observed: Observed, now: datetime) -> dict[str, int] | None:
        """Percent by pod, None if nothing has been read since the last call. Starts to read, if it
        is time, the log of the pod that is running according to the recorded status."""
        key = dubjob.key
        running = {
            entry.pod_name for entry in dubjob.status.stages if entry.state is StageState.RUNNING
        }
        pods = [pod for pod in observed.pods if pod.name in running and pod.phase == "Running"]
        if not pods or not self._on:
            self.forget(key)
            return None
        since = self._last.setdefault(key, now)
        if (now - since).total_seconds() >= PROGRESS_SECONDS - 1 and key not in self._reads:
            self._last[key] = now
            self._reads[key] = asyncio.create_task(self._read(key, [pod.name for pod in pods]))
        return self._found.pop(key, None)

    def forget(self, key: Key) -> None:
        """Stop reading for a DubJob that has no running stage."""
        self._last.pop(key, None)
        self._found.pop(key, None)

    async def _read(self, key: Key, pods: Sequence[str]) -> None:
        try:
            shares = {pod: await self._share(key[0], pod) for pod in pods}
        finally:
            del self._reads[key]
        found = {pod: share for pod, share in shares.items() if share is not None}
        if found and key in self._last:
            self._found[key] = found
            self._wake(key)

    async def _share(self, namespace: str, pod: str) -> int | None:
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        query = {"container": names.STAGE_CONTAINER, "tailLines": TAIL_LINES}
        try:
            async with self._bound:
                return last_progress(await self._client.text("GET", path, query=query, attempts=1))
        except ApiError:
            return None


def last_progress(log: str) -> int | None:
    """Percent in the last line with a field `progress`, None if there is none."""
    for line in reversed(log.splitlines()):
        try:
            share = json.loads(line)["progress"]
            return max(0, min(100, int(float(share) * 100)))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            continue
    return None
