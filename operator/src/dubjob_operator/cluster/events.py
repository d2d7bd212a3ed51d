"""Events, each emitted once, for `kubectl describe`. No other work depends on them."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dubjob_operator import names
from dubjob_operator.api.dubjob import Key, Metadata
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError, Conflict, NotLeading, Refused
from dubjob_operator.planning.times import timestamp
from dubjob_operator.planning.transitions import Transition

NOTE_LENGTH = 1000
EVENTS_KEPT = 32
"""Maximum number of pending Events of a DubJob, the latest ones."""
EVENT_TIMEOUT_SECONDS = 5.0
RETRY_SECONDS = 10.0
"""Time until the next attempt to emit an Event. The later the Event is, the longer it takes."""
LONGEST_RETRY_SECONDS = 600.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Pending:
    """The Events of a DubJob that are still to be emitted."""

    metadata: Metadata
    events: deque[tuple[Transition, datetime]] = field(
        default_factory=lambda: deque(maxlen=EVENTS_KEPT)
    )
    """Each with the time at which the transition was recorded."""


class Events:
    """Emits the Events of recorded transitions. Events that the API server does not create are
    kept in memory until it does, or until the DubJob is gone."""

    def __init__(self, client: Client) -> None:
        """`client`: sends each request only once, because the next reconcile tries again."""
        self._client = client
        self._pending: dict[Key, _Pending] = {}
        self._unanswered: dict[str, datetime] = {}
        """Namespaces with a request that was not answered, and when to send the next one."""

    def add(self, metadata: Metadata, transitions: Iterable[Transition], now: datetime) -> None:
        """Let the next :meth:`emit` emit the Events of these transitions."""
        key = (metadata.namespace, metadata.name)
        pending = self._pending.setdefault(key, _Pending(metadata))
        pending.events.extend((each, now) for each in transitions)

    async def emit(self, key: Key, now: datetime) -> float | None:
        """Emit the pending Events of a DubJob, up to the first that fails. Return the seconds
        until the next attempt, None if nothing is pending.

        Raises :class:`NotLeading`.
        """
        pending = self._pending.get(key)
        while pending and pending.events:
            _, recorded_at = pending.events[0]
            if not self._may_try(key[0], now) or not await self._emit(pending, now):
                late = (now - recorded_at).total_seconds()
                return min(max(late, RETRY_SECONDS), LONGEST_RETRY_SECONDS)
            pending.events.popleft()
        self._pending.pop(key, None)
        return None

    def forget(self, key: Key) -> None:
        """Forget the Events of a DubJob that is gone."""
        self._pending.pop(key, None)

    def forget_others(self, key: Key, uid: str) -> None:
        """Forget the Events of an earlier DubJob of the same name."""
        if key in self._pending and self._pending[key].metadata.uid != uid:
            del self._pending[key]

    def forget_all(self) -> None:
        """Forget all Events."""
        self._pending.clear()

    def _may_try(self, namespace: str, now: datetime) -> bool:
        """Whether requests are answered, as far as is known. One without an answer holds a worker,
        so that only one is sent at a time."""
        if namespace not in self._unanswered:
            return True
        if now < self._unanswered[namespace]:
            return False
        self._unanswered[namespace] = now + timedelta(seconds=RETRY_SECONDS)
        return True

    async def _emit(self, pending: _Pending, now: datetime) -> bool:
        """Emit the first Event. Return whether it is done with."""
        metadata, (event, recorded_at) = pending.metadata, pending.events[0]
        error: ApiError | None = None
        try:
            await _create(self._client, metadata, event, recorded_at)
        except NotLeading:
            raise
        except ApiError as failure:
            error = failure
            logger.warning("event %s: %s", event.reason, error)
        self._unanswered.pop(metadata.namespace, None)
        if error and not error.status:
            self._unanswered[metadata.namespace] = now + timedelta(seconds=RETRY_SECONDS)
        # An Event that a quota or a policy refuses is not retried.
        return error is None or isinstance(error, Refused)


async def _create(client: Client, metadata: Metadata, event: Transition, time: datetime) -> None:
    """Create the Event about the DubJob with `metadata`, unless it exists already."""
    body = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": event.name, "namespace": metadata.namespace},
        "involvedObject": {
            "apiVersion": names.API_VERSION,
            "kind": "DubJob",
            "name": metadata.name,
            "namespace": metadata.namespace,
            "uid": metadata.uid,
        },
        "type": "Warning" if event.warning else "Normal",
        "reason": event.reason,
        "message": event.message[:NOTE_LENGTH],
        "source": {"component": names.OPERATOR_NAME},
        "reportingComponent": f"{names.GROUP}/{names.OPERATOR_NAME}",
        "reportingInstance": os.environ.get("POD_NAME", names.OPERATOR_NAME),
        "firstTimestamp": timestamp(time),
        "lastTimestamp": timestamp(time),
        "count": 1,
    }
    try:
        await client.send("POST", f"/api/v1/namespaces/{metadata.namespace}/events", body)
    except Conflict as conflict:
        # With any other 409, for example of a quota, the Event does not exist.
        if conflict.reason != "AlreadyExists":
            raise
