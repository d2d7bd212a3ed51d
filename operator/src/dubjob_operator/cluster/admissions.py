"""Why a suspended Job waits in its queue, and where: from the Workloads of Kueue.

They are read only while a Job is suspended, and only in a cluster that has the kind.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError, NotFound, Refused
from dubjob_operator.cluster.job_reader import JobReader
from dubjob_operator.planning.idle import is_active
from dubjob_operator.planning.observation import Admission, controller_uid
from dubjob_operator.planning.observed_pod import Object

READ_SECONDS = 15.0
"""Interval at which Workloads are read while a Job is suspended."""
FIRST_SECONDS = 2.0
"""The first read comes before the first report, so that one write is enough."""
MISSING_SECONDS = 600.0
"""What does not exist, or must not be read, is not asked for again within this time."""
KUEUE = "kueue.x-k8s.io"
VISIBILITY = "visibility.kueue.x-k8s.io"
LIMIT = "1000"
"""Longest part of a queue that is read. Workloads behind it have no position."""

logger = logging.getLogger(__name__)


class Admissions:
    """Reads the Workloads of a namespace in the background, for all its Jobs at once."""

    def __init__(
        self,
        client: Client,
        wake: Callable[[Key], None],
        clock: Callable[[], float] = time.monotonic,
        *,
        on: bool = True,
    ) -> None:
        """`wake`: requests another reconcile when something new was read. `on`: whether anything
        is read."""
        self._client = client
        self._clock = clock
        self._on = on
        self._missing: dict[str, float] = {}
        """When each API that could not be read may be asked again."""
        self._reader = JobReader(
            client, wake, self._admissions, first_seconds=FIRST_SECONDS, seconds=READ_SECONDS
        )

    def of(self, key: Key, jobs: Sequence[Object]) -> dict[str, Admission]:
        """By name of the suspended Job, what its queue reports; empty as long as nothing has been
        read."""
        waiting = {job["metadata"]["uid"]: job["metadata"]["name"] for job in jobs if _is_held(job)}
        known = self._reader.of(key, waiting if self._on else ())
        if known is None:
            return {}
        return {name: known.get(uid, Admission()) for uid, name in waiting.items()}

    def forget(self, key: Key) -> None:
        """Stop reading for a DubJob that no longer waits for admission."""
        self._reader.forget(key)

    async def _admissions(self, namespace: str) -> dict[str, Admission]:
        workloads = await self._workloads(namespace)
        held = [each for each in workloads if not _holds(each, "Admitted")]
        queues = {str(each.get("spec", {}).get("queueName", "")) for each in held} - {""}
        positions: dict[str, int] = {}
        for queue in sorted(queues):
            positions |= await self._positions(namespace, queue)
        return {
            controller_uid(each): _admission(each, positions.get(each["metadata"]["name"]))
            for each in held
        }

    async def _workloads(self, namespace: str) -> list[Object]:
        api = await self._api(KUEUE)
        listed = await self._get(f"{api}/namespaces/{namespace}/workloads") if api else None
        return list((listed or {}).get("items") or ())

    async def _positions(self, namespace: str, queue: str) -> dict[str, int]:
        """Positions by name of the Workload, empty without the visibility API."""
        try:
            api = await self._api(VISIBILITY)
            path = f"{api}/namespaces/{namespace}/localqueues/{queue}/pendingworkloads"
            listed = await self._get(path, limit=LIMIT) if api else None
        except ApiError as error:
            logger.debug("positions in queue %s: %s", queue, error)
            return {}
        return {
            each["metadata"]["name"]: int(each["positionInLocalQueue"]) + 1
            for each in (listed or {}).get("items") or ()
        }

    async def _api(self, group: str) -> str | None:
        """The path of the preferred version of an API group, None if the cluster has no such
        group."""
        found = await self._get(f"/apis/{group}")
        version = ((found or {}).get("preferredVersion") or {}).get("version")
        return f"/apis/{group}/{version}" if version else None

    async def _get(self, path: str, **query: str) -> dict[str, Any] | None:
        """The object at `path`, None if it does not exist or must not be read.

        Raises :class:`ApiError`.
        """
        now = self._clock()
        if now < self._missing.get(path, now):
            return None
        try:
            text = await self._client.text("GET", path, query=query or None, attempts=1)
        except (NotFound, Refused) as error:
            logger.info("%s is not read for %.0f s: %s", path, MISSING_SECONDS, error)
            live = {each: until for each, until in self._missing.items() if until > now}
            self._missing = {**live, path: now + MISSING_SECONDS}
            return None
        found: dict[str, Any] = json.loads(text)
        return found


def _is_held(job: Object) -> bool:
    suspended = job.get("spec", {}).get("suspend") is True
    return suspended and is_active(job) and not job["metadata"].get("deletionTimestamp")


def _admission(workload: Object, position: int | None) -> Admission:
    """What the Workload says: why it has no quota, or why it is not admitted with it."""
    conditions = _conditions(workload)
    for kind in ("QuotaReserved", "Admitted"):
        condition = conditions.get(kind, {})
        if condition.get("status") == "False":
            reason, message = str(condition.get("reason", "")), str(condition.get("message", ""))
            return Admission(reason, message, position)
    return Admission(position=position)


def _holds(workload: Object, kind: str) -> bool:
    return bool(_conditions(workload).get(kind, {}).get("status") == "True")


def _conditions(workload: Object) -> Mapping[str, Object]:
    entries = workload.get("status", {}).get("conditions") or ()
    return {entry["type"]: entry for entry in entries}
