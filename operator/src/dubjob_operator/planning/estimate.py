"""How long it may still take: from a stage's own progress, and from earlier runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from dubjob_operator.api.dubjob import StageState, StageStatus
from dubjob_operator.planning.pipeline import WEIGHTS
from dubjob_operator.planning.times import seconds_since
from dubstage.contract import Stage

Pace = Mapping[Stage, float]
"""Seconds of work for each second of video, by stage, as earlier runs took."""
ENOUGH_PROGRESS = 5
"""Per cent below which a stage's own progress says little of its end."""


def remaining_seconds(entries: Sequence[StageStatus], pace: Pace, now: datetime) -> int | None:
    """Seconds that the running and the coming stages take, queues apart; None where
    nothing is known to reckon with."""
    duration = video_seconds(entries)
    unit = _seconds_per_weight(entries)
    left = 0.0
    for entry in entries:
        if entry.state is StageState.SUCCEEDED:
            continue
        stage = Stage(entry.name)
        whole = pace[stage] * duration if stage in pace and duration else None
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
    """Length of the video, as ingest has measured it."""
    for entry in entries:
        if entry.summary and entry.summary.duration_milliseconds:
            return entry.summary.duration_milliseconds / 1000
    return None


def _seconds_per_weight(entries: Sequence[StageStatus]) -> float | None:
    """What this run's own stages took, as far as they have done work."""
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
