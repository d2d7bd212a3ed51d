"""The estimated remaining time, from the progress of a stage and the throughput of earlier runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning.pipeline import WEIGHTS
from dubjob_operator.planning.times import seconds_since
from dubstage.contract import Stage

SecondsPerSecond = Mapping[Stage, float]
"""Throughput of earlier runs by stage: seconds of work for each second of video."""
ENOUGH_PROGRESS = 5
"""Percent of progress from which an estimate is based on it."""


def remaining_seconds(
    entries: Sequence[StageStatus], throughput: SecondsPerSecond, now: datetime
) -> int | None:
    """Seconds that the running and the later stages will take, without waiting times; None if
    nothing is known about their throughput."""
    duration = video_seconds(entries)
    unit = _seconds_per_weight(entries)
    left = 0.0
    for entry in entries:
        if entry.state is StageState.SUCCEEDED:
            continue
        stage = Stage(entry.name)
        whole = throughput[stage] * duration if stage in throughput and duration else None
        if whole is None:
            whole = unit * WEIGHTS[stage] if unit else None
        share = entry.progress or 0
        running = entry.state is StageState.RUNNING
        if running and share >= ENOUGH_PROGRESS:
            left += seconds_since(entry.start_time, now) * (100 - share) / share
        elif whole is None:
            return None
        else:
            spent = seconds_since(entry.start_time, now) if running else 0.0
            left += max(whole - spent, 0.0)
    return int(left + 0.5)


def video_seconds(entries: Sequence[StageStatus]) -> float | None:
    """Length of the video in seconds, as ingest has measured it."""
    for entry in entries:
        if entry.summary and entry.summary.duration_milliseconds:
            return entry.summary.duration_milliseconds / 1000
    return None


def _seconds_per_weight(entries: Sequence[StageStatus]) -> float | None:
    """Throughput of the finished stages of this run that did work, in seconds per weight."""
    done = [
        (entry.elapsed_milliseconds / 1000, WEIGHTS[Stage(entry.name)])
        for entry in entries
        if entry.state is StageState.SUCCEEDED
        and entry.elapsed_milliseconds
        and not entry.reused
        and entry.name != Stage.INGEST
    ]
    weight = sum(share for _, share in done)
    return sum(seconds for seconds, _ in done) / weight if weight else None
