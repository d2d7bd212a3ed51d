"""One reconcile of one DubJob: gather, plan, apply, write the status once."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from pydantic import ValidationError

from dubjob_operator.api.dubjob import DubJob, Key, Metadata
from dubjob_operator.api.status import DubJobStatus
from dubjob_operator.cluster.admissions import Admissions
from dubjob_operator.cluster.apply import create_job, delete_job, write_status
from dubjob_operator.cluster.cache import Cache
from dubjob_operator.cluster.cached_object import CachedDubJob
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError, NotLeading, Refused
from dubjob_operator.cluster.events import emit
from dubjob_operator.cluster.metrics import count_transitions
from dubjob_operator.cluster.profiles import Profiles, first_problem
from dubjob_operator.cluster.progress import ProgressReader
from dubjob_operator.cluster.refusals import Refusals
from dubjob_operator.cluster.throughput import Throughput
from dubjob_operator.planning.deadlines import DEBOUNCE_SECONDS
from dubjob_operator.planning.idle import is_active
from dubjob_operator.planning.job_refusal import job_refused
from dubjob_operator.planning.observation import observe
from dubjob_operator.planning.observed_pod import Object
from dubjob_operator.planning.plan import Plan, plan
from dubjob_operator.planning.stage_states import stage_states
from dubjob_operator.planning.status import invalid, only_recorded, status, unreadable
from dubjob_operator.planning.transitions import transitions

logger = logging.getLogger(__name__)

EXPECTATION_SECONDS = 5.0
"""A created Job is expected in the cache within this time; else it is created again."""


def utc_now() -> datetime:
    """The time now."""
    return datetime.now(timezone.utc)


class Reconciler:
    """Reconciles DubJobs."""

    def __init__(
        self,
        client: Client,
        cache: Cache,
        wake: Callable[[Key], None],
        clock: Callable[[], datetime] = utc_now,
        *,
        log_client: Client | None = None,
        is_busy: Callable[[], bool] = lambda: False,
        read_progress: bool = True,
        read_workloads: bool = True,
    ) -> None:
        self.client = client
        self.cache = cache
        self.clock = clock
        self._is_busy = is_busy
        self.progress = ProgressReader(log_client or client, wake, read_progress)
        self.refusals = Refusals(client, wake)
        self.admissions = Admissions(client, wake, on=read_workloads)
        self.throughput = Throughput()
        self.profiles = Profiles(client, cache, clock)
        self._learnt: dict[Key, str] = {}
        """UIDs of the finished DubJobs whose throughput is known."""
        self._written: dict[Key, tuple[frozenset[str], CachedDubJob]] = {}
        """The last write of each DubJob that has not reached the cache, with the versions that it
        replaces."""
        self._reported: dict[Key, DubJobStatus] = {}
        """The last status whose Events were emitted, of each DubJob with a later write: a write
        without an answer may have taken effect."""
        self._expected: dict[str, datetime] = {}
        """Jobs that were created and have not reached the cache, with the time of creation."""
        self._unrecorded: dict[Key, datetime] = {}
        """Since when the status of a DubJob is behind its Jobs."""

    async def reconcile(self, key: Key) -> float | None:
        """Reconcile once; return the seconds until the next time, None if watch events suffice.

        Raises :class:`dubjob_operator.cluster.errors.ApiError`.
        """
        ended = self.cache.ended(key)
        again = await self._reconcile(key)
        self.cache.forget_ended(ended)
        return again

    async def _reconcile(self, key: Key) -> float | None:
        self.refusals.forget(key)
        self.admissions.forget(key)
        stored = self._latest(key)
        if stored is None:
            self.progress.forget(key)
            self._learnt.pop(key, None)
            self._reported.pop(key, None)
            self._unrecorded.pop(key, None)
            return None
        now = self.clock()
        if key in self._reported:
            await self._emit_pending(stored, now)
        jobs = list(self.cache.jobs(key))
        if stored.idle and not any(is_active(job) for job in jobs):
            self._learn_once(key, stored)
            return None
        try:
            dubjob = DubJob.model_validate_json(stored.text)
        except ValidationError as error:
            await self._record_invalid(stored, error, now)
            return None
        if dubjob.metadata.deletion_timestamp:
            return None
        return await self._advance(stored, dubjob, jobs, now)

    async def _advance(
        self, stored: CachedDubJob, dubjob: DubJob, jobs: list[Object], now: datetime
    ) -> float | None:
        """Plan the next step from the DubJob, its Jobs and pods, take it, and write the status."""
        key = dubjob.key
        pods = list(self.cache.pods(key))
        before = dubjob.status
        reference, profile = self.profiles.of(dubjob)
        for seen in jobs:
            self._expected.pop(seen["metadata"]["name"], None)
        refusals = self.refusals.of(key, jobs, pods)
        admissions = self.admissions.of(key, jobs)
        observed = observe(jobs, pods, dubjob.metadata.uid, refusals, admissions)
        states = stage_states(dubjob, profile, observed, now)
        step = plan(dubjob, profile, observed, states, now)
        dubjob = dubjob.using(reference, starts=step.create is not None)
        again, failure = await self._start(step, now)
        if failure:
            final = isinstance(failure, Refused)
            refused = job_refused(dubjob.profile, str(failure), final=final)
            states = stage_states(dubjob, profile, observed, now, refused)
        progress = self.progress.of(dubjob, observed, now)
        throughput = self.throughput.of(dubjob.profile_key)
        after = status(dubjob, states, observed, now, progress, throughput)
        if (
            step.create
            and not step.delete
            and not failure
            and self._may_lag(key, before, after, now)
        ):
            return min(DEBOUNCE_SECONDS, step.requeue_after or DEBOUNCE_SECONDS)
        if after != before:
            await self._write(stored, key, before, after)
            # At once: an Event or a deletion may fail, and the next reconcile finds no change.
            count_transitions(dubjob, after, observed)
            await self._emit(dubjob.metadata, after, now)
        self._unrecorded.pop(key, None)
        # Only after the status is written: it is derived from the Job.
        for job in step.delete:
            await delete_job(self.client, dubjob.metadata.namespace, job)
        self.throughput.learn(dubjob.profile_key, dubjob.metadata.uid, after.stages)
        if failure and not isinstance(failure, Refused):
            # The status reports the failure; the work queue retries after its back-off.
            raise failure
        return again

    def _may_lag(self, key: Key, before: DubJobStatus, after: DubJobStatus, now: datetime) -> bool:
        """Whether the status may be written later, with the next change, because other DubJobs
        wait for their Jobs. Until then, Jobs and pods hold everything that it would say.

        Not for longer than :data:`DEBOUNCE_SECONDS`, and not if it says what no Job and no pod
        holds, or if a finished Job is gone.
        """
        since = self._unrecorded.setdefault(key, now)
        return (
            self._is_busy()
            and (now - since).total_seconds() < DEBOUNCE_SECONDS
            and only_recorded(before) == only_recorded(after)
            and not self.cache.ended(key)
        )

    async def _start(self, step: Plan, now: datetime) -> tuple[float | None, ApiError | None]:
        """Create the Job of the step, if it has one. Return the seconds until the next reconcile,
        and why the Job could not be created."""
        if step.create is None:
            return step.requeue_after, None
        if self._is_expected(step.create, now):
            # It may have been deleted before it reached the cache; then no event will follow.
            return EXPECTATION_SECONDS, None
        return step.requeue_after, await self._create(step.create, now)

    async def _create(self, job: dict[str, Any], now: datetime) -> ApiError | None:
        """Create the Job. Return the error of the API server if it was not created, else None."""
        try:
            await create_job(self.client, job)
        except NotLeading:
            raise
        except ApiError as error:
            logger.warning("Job %s was not created: %s", job["metadata"]["name"], error)
            return error
        self._expected[job["metadata"]["name"]] = now
        return None

    def _latest(self, key: Key) -> CachedDubJob | None:
        """The DubJob from the cache, or as last written if the cache is behind."""
        stored = self.cache.dubjob(key)
        if key in self._written:
            outdated, written = self._written[key]
            if stored and stored.version in outdated:
                return written
            del self._written[key]
        return stored

    async def _write(
        self, stored: CachedDubJob, key: Key, before: DubJobStatus, after: DubJobStatus
    ) -> None:
        """Write the status. Its Events are emitted afterwards, because an Event must not report
        what was not recorded."""
        self._reported.setdefault(key, before)
        written = await write_status(self.client, stored, after)
        outdated, _ = self._written.get(key, (frozenset[str](), stored))
        self._written[key] = (outdated | {stored.version}, written)

    async def _emit_pending(self, stored: CachedDubJob, now: datetime) -> None:
        """Emit the Events of a write whose answer, or some of whose Events were lost. As long as
        the cache shows the status before it, the write may still arrive."""
        raw = stored.raw
        metadata = Metadata.model_validate(raw["metadata"])
        key = (metadata.namespace, metadata.name)
        try:
            recorded = DubJobStatus.model_validate(raw.get("status") or {})
        except ValidationError:
            # Another version wrote it, and with it the Events.
            del self._reported[key]
            return
        if recorded != self._reported[key]:
            await self._emit(metadata, recorded, now)

    async def _emit(self, metadata: Metadata, recorded: DubJobStatus, now: datetime) -> None:
        """Emit the Events of the recorded status. Those that exist already are not repeated."""
        key = (metadata.namespace, metadata.name)
        for event in transitions(metadata, self._reported[key], recorded):
            try:
                await emit(self.client, metadata, event, now)
            except Refused as refused:
                # By a quota or a policy for Events. Without the Event, work goes on.
                logger.warning("event %s: %s", event.reason, refused)
        del self._reported[key]

    def _is_expected(self, job: dict[str, Any], now: datetime) -> bool:
        """Whether the Job was created a moment ago. To create it again would be harmless, because
        it has the same name, but it is a needless call."""
        earliest = now - timedelta(seconds=EXPECTATION_SECONDS)
        # Expired entries are of Jobs that never reached the cache.
        self._expected = {name: at for name, at in self._expected.items() if at >= earliest}
        return job["metadata"]["name"] in self._expected

    def _learn_once(self, key: Key, stored: CachedDubJob) -> None:
        """Learn from a DubJob that finished before this process started."""
        if self._learnt.get(key) == stored.uid:
            return
        self._learnt[key] = stored.uid
        with contextlib.suppress(ValidationError):
            dubjob = DubJob.model_validate_json(stored.text)
            self.throughput.learn(dubjob.profile_key, stored.uid, dubjob.status.stages)

    async def _record_invalid(
        self, stored: CachedDubJob, error: ValidationError, now: datetime
    ) -> None:
        """Write into the status that the spec is invalid, for example older than the schema."""
        raw = stored.raw
        metadata = Metadata.model_validate(raw["metadata"])
        try:
            before = DubJobStatus.model_validate(raw.get("status") or {})
        except ValidationError as unreadable_status:
            await self._record_unreadable(stored, metadata, unreadable_status, now)
            return
        after = invalid(before, metadata.generation, first_problem(error), now)
        if after != before:
            await self._write(stored, (metadata.namespace, metadata.name), before, after)
            await self._emit(metadata, after, now)

    async def _record_unreadable(
        self, stored: CachedDubJob, metadata: Metadata, error: ValidationError, now: datetime
    ) -> None:
        """Write into the status that it cannot be read, because another version wrote it. All that
        the other version needs stays as it is."""
        recorded = stored.raw["status"]
        after = unreadable(recorded, metadata.generation, first_problem(error), now)
        if after == recorded:
            return
        logger.warning("the status cannot be read: %s", first_problem(error))
        await write_status(self.client, stored, after)
