"""One reconcile of one DubJob: gather, plan, apply, write the status once."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from typing import Any

from pydantic import ValidationError

from dubjob_operator import reasons
from dubjob_operator.api.dubjob import DubJob, Key, Metadata
from dubjob_operator.api.status import DubJobStatus
from dubjob_operator.cluster.admissions import Admissions
from dubjob_operator.cluster.apply import create_job, delete_job, write_status
from dubjob_operator.cluster.cache import Cache
from dubjob_operator.cluster.cached_object import CachedDubJob
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError, NotLeading, Refused, Unknown
from dubjob_operator.cluster.events import Events
from dubjob_operator.cluster.expectations import EXPECTATION_SECONDS, Expectations
from dubjob_operator.cluster.lag import Lag
from dubjob_operator.cluster.metrics import count_transitions
from dubjob_operator.cluster.profiles import Profiles, first_problem
from dubjob_operator.cluster.progress import ProgressReader
from dubjob_operator.cluster.refusals import Refusals
from dubjob_operator.cluster.status_writer import StatusWriter
from dubjob_operator.cluster.throughput import Throughput
from dubjob_operator.planning.deadlines import DEBOUNCE_SECONDS
from dubjob_operator.planning.idle import is_active
from dubjob_operator.planning.job_refusal import job_refused
from dubjob_operator.planning.observation import observe
from dubjob_operator.planning.observed_pod import Object
from dubjob_operator.planning.plan import Plan, plan
from dubjob_operator.planning.stage_states import stage_states
from dubjob_operator.planning.status import invalid, status, unreadable

logger = logging.getLogger(__name__)


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
        event_client: Client | None = None,
        is_busy: Callable[[], bool] = lambda: False,
        read_progress: bool = True,
        read_workloads: bool = True,
    ) -> None:
        self.client = client
        self.cache = cache
        self.clock = clock
        self.progress = ProgressReader(log_client or client, wake, read_progress)
        self.refusals = Refusals(client, wake)
        self.admissions = Admissions(client, wake, on=read_workloads)
        self.throughput = Throughput()
        self.profiles = Profiles(client, cache, clock)
        self._events = Events(event_client or client)
        self._statuses = StatusWriter(client, cache, self._events)
        self._lag = Lag(is_busy)
        self._learnt: dict[Key, str] = {}
        """resourceVersions of the finished DubJobs whose throughput is known."""
        self._expectations = Expectations()

    async def reconcile(self, key: Key) -> float | None:
        """Reconcile once; return the seconds until the next time, None if watch events suffice.

        Raises :class:`dubjob_operator.cluster.errors.ApiError`.
        """
        try:
            again = await self._reconcile(key)
        except ApiError:
            await self._events.emit(key, self.clock())
            raise
        # After all else, which does not wait for Events.
        retry = await self._events.emit(key, self.clock())
        return min((each for each in (again, retry) if each is not None), default=None)

    def take_over(self) -> None:
        """Forget what the replica that led since this one has done meanwhile."""
        self._statuses.forget_all()

    def stand_by(self, key: Key) -> None:
        """Keep nothing of a DubJob that has gone while another replica leads, and no outcomes of a
        DubJob that has finished. Other outcomes, and Events that are still to be emitted, are kept:
        perhaps no other replica leads, because the Lease has only lapsed."""
        stored = self.cache.dubjob(key)
        if stored is None:
            self._forget(key)
        else:
            self._forget_outcomes(key, stored)

    def _forget(self, key: Key) -> None:
        """Forget a DubJob that is gone."""
        self.refusals.forget(key)
        self.admissions.forget(key)
        self.progress.forget(key)
        self._statuses.forget(key)
        self._lag.end(key)
        self._expectations.forget(key)
        self._learnt.pop(key, None)
        self.cache.forget_ended(self.cache.ended(key))

    def _forget_outcomes(self, key: Key, stored: CachedDubJob) -> None:
        """Forget the outcomes of deleted Jobs if the DubJob has finished and needs none. After an
        invalid spec is corrected, it goes on from them."""
        if stored.idle and stored.reason != reasons.SPEC_INVALID:
            self.cache.forget_ended(self.cache.ended(key))

    async def _reconcile(self, key: Key) -> float | None:
        stored = self._statuses.latest(key)
        if stored is None:
            self._forget(key)
            return None
        self.refusals.forget(key)
        self.admissions.forget(key)
        now = self.clock()
        self._statuses.confirm(key, stored, now)
        jobs = list(self.cache.jobs(key))
        if stored.idle and not any(is_active(job) for job in jobs):
            self._learn_once(key, stored)
            self._forget_outcomes(key, stored)
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
        pods, ended = list(self.cache.pods(key)), self.cache.ended(key)
        before = dubjob.status
        reference, profile = self.profiles.of(dubjob)
        self._expectations.observe(key, jobs)
        if self.cache.has_interrupted(key):
            self._expectations.expect_pod(key, now)
        refusals = self.refusals.of(key, jobs, pods)
        admissions = self.admissions.of(key, jobs)
        observed = observe(jobs, pods, dubjob.metadata.uid, refusals, admissions)
        states = stage_states(dubjob, profile, observed, now)
        step = plan(dubjob, profile, observed, states, now)
        dubjob = dubjob.using(reference, starts=step.create is not None)
        again, failure = await self._start(key, step, now)
        if failure:
            final = isinstance(failure, Refused)
            refused = job_refused(dubjob.profile, str(failure), final=final)
            states = stage_states(dubjob, profile, observed, now, refused)
        progress = self.progress.of(dubjob, observed, now)
        throughput = self.throughput.of(dubjob.profile_key)
        after = status(dubjob, states, observed, now, progress, throughput)
        # The outcome of a Job that is gone is only in memory.
        has_jobs = not self.cache.ended(key)
        if step.create and not failure and has_jobs and self._lag.allows(key, before, after, now):
            self._lag.begin(key, now)
            return min(DEBOUNCE_SECONDS, step.requeue_after or DEBOUNCE_SECONDS)
        count = partial(count_transitions, dubjob, observed)
        await self._statuses.record(stored, dubjob.metadata, before, after, now, count)
        self._lag.end(key)
        self.cache.forget_ended(ended)
        # Only after the status is written: it is derived from the Job.
        for job in step.delete:
            await delete_job(self.client, dubjob.metadata.namespace, job)
        self.throughput.learn(dubjob.profile_key, dubjob.metadata.uid, after.stages)
        if failure and not isinstance(failure, Refused):
            # The status reports the failure; the work queue retries after its back-off.
            raise failure
        return again

    async def _start(
        self, key: Key, step: Plan, now: datetime
    ) -> tuple[float | None, ApiError | None]:
        """Create the Job of the step, if it has one. Return the seconds until the next reconcile,
        and why the Job could not be created."""
        if step.create is None:
            return step.requeue_after, None
        if self._expectations.are_open(key, now):
            # It may have been deleted before it reached the cache; then no event will follow.
            return EXPECTATION_SECONDS, None
        failure = await self._create(key, step.create, now)
        if isinstance(failure, Unknown):
            # A Job that may exist is not reported as missing.
            return EXPECTATION_SECONDS, None
        return step.requeue_after, failure

    async def _create(self, key: Key, job: dict[str, Any], now: datetime) -> ApiError | None:
        """Create the Job. Return the error of the API server if it was not created, else None."""
        name, refusal = job["metadata"]["name"], None
        try:
            await create_job(self.client, job)
        except NotLeading:
            raise
        except ApiError as error:
            logger.warning("Job %s was not created: %s", name, error)
            refusal = error
        if refusal is None or isinstance(refusal, Unknown):
            self._expectations.expect_job(key, name, now)
        return refusal

    def _learn_once(self, key: Key, stored: CachedDubJob) -> None:
        """Learn from a DubJob that finished before this process started, or while another replica
        was the leader."""
        if self._learnt.get(key) == stored.version:
            return
        self._learnt[key] = stored.version
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
        await self._statuses.record(stored, metadata, before, after, now)

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
