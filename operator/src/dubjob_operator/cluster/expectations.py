"""What the watches have yet to deliver about a DubJob, so that no two pods write to one folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dubjob_operator.api.dubjob import Key
from dubjob_operator.planning.observed_pod import Object

EXPECTATION_SECONDS = 5.0
"""The watches deliver what has happened within this time; else it is not expected any more."""


@dataclass(frozen=True)
class _Expected:
    """A Job, or the pod of a deleted Job."""

    job: str
    """Name of the Job, empty for a pod."""
    since: datetime


class Expectations:
    """At most one per DubJob, because no Job is created before it is fulfilled."""

    def __init__(self) -> None:
        self._expected: dict[Key, _Expected] = {}

    def expect_job(self, key: Key, job: str, now: datetime) -> None:
        """Expect that Job, which was created, or may have been."""
        self._expected[key] = _Expected(job, now)

    def expect_pod(self, key: Key, now: datetime) -> None:
        """Expect a pod of a Job that was deleted: the Job controller may have created one."""
        self._expected[key] = _Expected("", now)

    def observe(self, key: Key, jobs: Iterable[Object]) -> None:
        """End the expectation of a Job that is among the observed `jobs`."""
        expected = self._expected.get(key)
        if expected and any(job["metadata"]["name"] == expected.job for job in jobs):
            del self._expected[key]

    def are_open(self, key: Key, now: datetime) -> bool:
        """Whether the next Job must not be created yet, because it or another one exists, or a pod
        may exist."""
        expected = self._expected.get(key)
        if expected is None:
            return False
        if (now - expected.since).total_seconds() >= EXPECTATION_SECONDS:
            # The Job was deleted before it reached the cache, or there was no such pod.
            del self._expected[key]
            return False
        return True

    def forget(self, key: Key) -> None:
        """Expect nothing of a DubJob that is gone."""
        self._expected.pop(key, None)
