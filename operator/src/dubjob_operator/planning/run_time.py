"""The seconds for which the containers of a stage ran, over all of its pods and runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning.observation import ObservedJob
from dubjob_operator.planning.observed_pod import ObservedPod
from dubjob_operator.planning.times import parse, seconds_since


def active_seconds(
    entries: Sequence[StageStatus], entry: StageStatus, job: ObservedJob | None, now: datetime
) -> float:
    """Seconds for which the containers of all stages ran. `entry`: the current stage, with its
    `job`."""
    total = 0.0
    for each in entries:
        total += each.active_seconds or 0
        if each.name != entry.name and each.start_time and each.completion_time:
            total += seconds_since(each.start_time, parse(each.completion_time))
    latest = job.pods[-1] if job and job.pods else None
    if latest:
        return total + _seconds(_with_start(latest, entry), now)
    return total + (seconds_since(entry.start_time, now) if entry.start_time else 0.0)


def settled(entry: StageStatus, end: datetime) -> StageStatus:
    """The entry after its pod: the seconds from its start to `end` are added to `activeSeconds`.
    If the pod had ended before, its own end counts."""
    if not entry.start_time:
        return entry
    if entry.completion_time:
        end = parse(entry.completion_time)
    elif entry.state is not StageState.RUNNING and entry.since:
        end = parse(entry.since)
    counted = _with_seconds(entry, seconds_since(entry.start_time, end))
    return counted.model_copy(update={"start_time": None})


def settled_before(entry: StageStatus, pods: Sequence[ObservedPod]) -> StageStatus:
    """The entry before the last of `pods`, which is new: the seconds of the pods before it that
    were not counted yet are added to `activeSeconds`. It was created after they had ended."""
    *earlier, latest = pods
    end = parse(latest.created)
    known = [pod.name for pod in earlier]
    if entry.pod_name in known:
        recorded_pod, *others = earlier[known.index(entry.pod_name) :]
        earlier = [_with_start(recorded_pod, entry), *others]
        entry = entry.model_copy(update={"start_time": None})
    elif entry.pod_name:
        recorded = entry.start_time or entry.since or ""
        earlier = [pod for pod in earlier if pod.created >= recorded]
    return _with_seconds(settled(entry, end), sum(_seconds(pod, end) for pod in earlier))


def _with_start(pod: ObservedPod, entry: StageStatus) -> ObservedPod:
    """The pod with its start as the entry has recorded it, if the kubelet no longer says it."""
    if pod.started or pod.name != entry.pod_name:
        return pod
    return replace(pod, started=entry.start_time)


def _seconds(pod: ObservedPod, now: datetime) -> float:
    return seconds_since(pod.started, parse(pod.finished) if pod.finished else now)


def _with_seconds(entry: StageStatus, seconds: float) -> StageStatus:
    total = (entry.active_seconds or 0) + round(seconds)
    return entry.model_copy(update={"active_seconds": total or None})
