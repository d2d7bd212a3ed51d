"""Writes the status of DubJobs, although answers are lost and watches lag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from dubjob_operator.api.dubjob import Key, Metadata
from dubjob_operator.api.status import DubJobStatus
from dubjob_operator.cluster.apply import write_status
from dubjob_operator.cluster.cache import Cache
from dubjob_operator.cluster.cached_object import CachedDubJob
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.events import Events
from dubjob_operator.planning.transitions import transitions

Count = Callable[[DubJobStatus], None]
"""Counts in the metrics what has changed with this status."""


@dataclass(frozen=True)
class _Attempt:
    """A write without an answer: it may have taken effect."""

    uid: str
    """Of the DubJob: another one may have the same name later."""
    before: DubJobStatus
    """The status that it replaces."""
    count: Count


class StatusWriter:
    """Writes each status once. What has changed with it is then counted and emitted as Events,
    once and not before it is known to be recorded."""

    def __init__(self, client: Client, cache: Cache, events: Events) -> None:
        self._client = client
        self._cache = cache
        self._events = events
        self._written: dict[Key, tuple[frozenset[str], CachedDubJob]] = {}
        """The last write of each DubJob that has not reached the cache, with the versions that it
        replaces."""
        self._attempts: dict[Key, _Attempt] = {}

    def latest(self, key: Key) -> CachedDubJob | None:
        """The DubJob from the cache, or as last written if the cache is behind."""
        stored = self._cache.dubjob(key)
        if key in self._written:
            outdated, written = self._written[key]
            if stored and stored.version in outdated:
                return written
            del self._written[key]
        return stored

    async def record(
        self,
        stored: CachedDubJob,
        metadata: Metadata,
        before: DubJobStatus,
        after: DubJobStatus,
        now: datetime,
        count: Count | None = None,
    ) -> None:
        """Write the status if it has changed.

        Raises :class:`dubjob_operator.cluster.errors.ApiError`.
        """
        if after == before:
            return
        key = (metadata.namespace, metadata.name)
        if count is None:
            # No stage has changed, unless an earlier write took effect.
            count = self._attempts[key].count if key in self._attempts else lambda _: None
        attempt = self._attempts[key] = _Attempt(stored.uid, before, count)
        written = await write_status(self._client, stored, after)
        outdated, _ = self._written.get(key, (frozenset[str](), stored))
        self._written[key] = (outdated | {stored.version}, written)
        self._report(metadata, attempt, after, now)

    def confirm(self, key: Key, stored: CachedDubJob, now: datetime) -> None:
        """Report the write whose answer was lost, if it has taken effect. As long as `stored` has
        the status before it, it may still arrive."""
        self._events.forget_others(key, stored.uid)
        attempt = self._attempts.get(key)
        if attempt is None:
            return
        if attempt.uid != stored.uid:
            del self._attempts[key]
            return
        raw = stored.raw
        try:
            recorded = DubJobStatus.model_validate(raw.get("status") or {})
        except ValidationError:
            # Another version wrote it.
            return
        if recorded != attempt.before:
            self._report(Metadata.model_validate(raw["metadata"]), attempt, recorded, now)

    def forget(self, key: Key) -> None:
        """Forget a DubJob that is gone."""
        self._written.pop(key, None)
        self._attempts.pop(key, None)
        self._events.forget(key)

    def forget_all(self) -> None:
        """Forget all writes: another replica has led, and has emitted the Events of what it has
        recorded."""
        self._attempts.clear()
        self._events.forget_all()

    def _report(
        self, metadata: Metadata, attempt: _Attempt, recorded: DubJobStatus, now: datetime
    ) -> None:
        self._attempts.pop((metadata.namespace, metadata.name), None)
        self._events.add(metadata, transitions(metadata, attempt.before, recorded), now)
        attempt.count(recorded)
