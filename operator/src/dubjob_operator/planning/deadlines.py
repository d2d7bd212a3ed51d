"""When waiting is over. Only faults count: waiting for capacity has no end."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from dubjob_operator.api.dubjob import DubJob, StageStatus

START_DEADLINE_SECONDS = 600


def timestamp(now: datetime) -> str:
    """`now` as Kubernetes writes times: UTC, whole seconds."""
    return now.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text: str) -> datetime:
    """A time as Kubernetes writes it."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def start_deadline(dubjob: DubJob) -> timedelta:
    """How long a stage may be unable to start."""
    seconds = dubjob.spec.start_deadline_seconds
    return timedelta(seconds=START_DEADLINE_SECONDS if seconds is None else seconds)


def start_deadline_left(dubjob: DubJob, entry: StageStatus, now: datetime) -> float:
    """Seconds until the stage's start deadline; 0 or less when it is over."""
    if entry.since is None:
        return start_deadline(dubjob).total_seconds()
    return (parse(entry.since) + start_deadline(dubjob) - now).total_seconds()
