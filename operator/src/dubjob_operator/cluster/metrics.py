"""The metrics for Prometheus. No label is the name of a DubJob, Job or pod."""

from __future__ import annotations

from collections import Counter as Count
from collections.abc import Callable, Iterable, Iterator
from datetime import timezone

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import DubJobStatus, StageState, StageStatus
from dubjob_operator.planning.observation import Observed
from dubjob_operator.planning.times import parse, seconds_since

REGISTRY = CollectorRegistry()

STAGE_SECONDS = Histogram(
    "dubjob_stage_seconds",
    "Seconds from the start of a stage's container to its end.",
    ("stage", "profile", "outcome"),
    buckets=(1, 5, 15, 30, 60, 120, 300, 600, 1200, 2400, 4800, 9600),
    registry=REGISTRY,
)
QUEUE_SECONDS = Histogram(
    "dubjob_stage_queue_seconds",
    "Seconds from the creation of a stage's Job to the start of its container.",
    ("stage", "profile"),
    buckets=(1, 2, 5, 15, 60, 300, 900, 3600, 14400, 57600),
    registry=REGISTRY,
)
REUSED = Counter(
    "dubjob_stages_reused", "Stages whose outputs existed already.", ("stage",), registry=REGISTRY
)
RECONCILE_SECONDS = Histogram(
    "dubjob_reconcile_seconds",
    "Seconds that one reconcile took.",
    ("outcome",),
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60),
    registry=REGISTRY,
)
API_REQUESTS = Counter(
    "dubjob_api_requests",
    "Requests to the API server, without watches.",
    ("method", "code"),
    registry=REGISTRY,
)
QUEUE_DEPTH = Gauge(
    "dubjob_workqueue_depth", "DubJobs that wait to be reconciled.", registry=REGISTRY
)
WATCH_AGE = Gauge(
    "dubjob_watch_last_event_age_seconds",
    "Seconds since the last event of a watch.",
    ("resource",),
    registry=REGISTRY,
)
LEADER = Gauge("dubjob_leader", "1 if this replica is the leader, else 0.", registry=REGISTRY)

REASONS = 64
"""Maximum number of reasons that become label values, because the image of a stage may report
any reason."""
OTHER = "Other"
"""The label of all further reasons."""

States = Callable[[], Iterable[tuple[str, str]]]
"""State and reason of every DubJob."""


class DubJobs(Collector):
    """Number of DubJobs by state and reason, counted at each scrape."""

    def __init__(self, states: States) -> None:
        self._states = states

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauge."""
        family = GaugeMetricFamily(
            "dubjob_dubjobs", "DubJobs by state and reason.", labels=("state", "reason")
        )
        for labels, count in _bounded(Count(self._states())).items():
            family.add_metric(labels, count)
        yield family


def _bounded(states: Count[tuple[str, str]]) -> Count[tuple[str, str]]:
    """The numbers by state and reason, with the rarest reasons beyond :data:`REASONS` as one."""
    by_reason: Count[str] = Count()
    for (_, reason), count in states.items():
        by_reason[reason] += count
    kept = {reason for reason, _ in by_reason.most_common(REASONS)}
    bounded: Count[tuple[str, str]] = Count()
    for (state, reason), count in states.items():
        bounded[state, reason if reason in kept else OTHER] += count
    return bounded


def count_transitions(dubjob: DubJob, observed: Observed, after: DubJobStatus) -> None:
    """Count the changes between the status of `dubjob` and `after`, which has replaced it."""
    for entry in after.stages:
        before = dubjob.status.of(entry.name)
        if before is None or (before.state, before.run) != (entry.state, entry.run):
            _count_end(dubjob, entry)
        if entry.start_time and (before is None or before.start_time != entry.start_time):
            job = observed.job(entry.job_name or "")
            # A later attempt also waited for the previous one.
            if job and job.created and entry.attempts == 1:
                start = parse(entry.start_time).astimezone(timezone.utc)
                waited = seconds_since(job.created, start)
                QUEUE_SECONDS.labels(entry.name, dubjob.profile.name).observe(waited)


def _count_end(dubjob: DubJob, entry: StageStatus) -> None:
    if entry.state not in (StageState.SUCCEEDED, StageState.FAILED):
        return
    if entry.reused:
        REUSED.labels(entry.name).inc()
    elif entry.start_time and entry.completion_time:
        seconds = seconds_since(entry.start_time, parse(entry.completion_time))
        STAGE_SECONDS.labels(entry.name, dubjob.profile.name, str(entry.state)).observe(seconds)
