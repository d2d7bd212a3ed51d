"""How long the containers of a stage ran, and when a pod counts as held or lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from planning_world import NOW

from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning.observation import ObservedJob
from dubjob_operator.planning.observed_pod import ObservedPod
from dubjob_operator.planning.pod_end import has_sidecar_left, is_lost
from dubjob_operator.planning.run_time import active_seconds, settled, settled_before
from dubjob_operator.planning.times import timestamp


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def said(seconds: float | None) -> str | None:
    return None if seconds is None else timestamp(at(seconds))


def entry(
    name: str = "mux", start: float | None = None, end: float | None = None, **fields: Any
) -> StageStatus:
    return StageStatus(
        name=name, **{"state": StageState.RUNNING, **fields},
        start_time=said(start), completion_time=said(end),
    )  # fmt: skip


def pod(
    name: str = "p", start: float | None = None, end: float | None = None, created: float = 0,
    **fields: Any,
) -> ObservedPod:  # fmt: skip
    created_at = timestamp(at(created))
    return ObservedPod(
        name=name, created=created_at, started=said(start), finished=said(end),
        **{"phase": "Running", **fields},
    )  # fmt: skip


def job(*pods: ObservedPod) -> ObservedJob:
    return ObservedJob(name="j", uid="j", stage="mux", pipeline_hash="", pods=pods)


BEFORE = entry("ingest", 0, 30, state=StageState.SUCCEEDED)


@pytest.mark.parametrize(
    ("entries", "seen", "seconds"),
    [
        ([BEFORE, entry()], None, 30),
        ([BEFORE, entry("separate", 30, 50, active_seconds=7), entry()], None, 57),
        ([BEFORE, entry(start=60, active_seconds=5)], None, 75),
        # What has not ended, or is the stage itself, is counted by its pod.
        ([entry("ingest", 0), entry()], None, 0),
        ([BEFORE, entry(start=60, end=70)], job(pod(start=60, end=70)), 40),
        ([BEFORE, entry()], job(pod("a", 0, 90), pod("b", 80)), 50),
        ([BEFORE, entry()], job(pod()), 30),
        ([BEFORE, entry(start=60)], job(), 70),
        # The kubelet has forgotten when it started.
        ([entry(start=60, pod_name="p")], job(pod(end=90)), 30),
        ([entry(start=60, pod_name="p")], job(pod(start=70, end=90)), 20),
        ([entry(start=60, pod_name="other")], job(pod(end=90)), 0),
    ],
)
def test_seconds_of_all_stages_are_added_up(
    entries: list[StageStatus], seen: ObservedJob | None, seconds: float
) -> None:
    assert active_seconds(entries, entries[-1], seen, at(100)) == seconds


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (entry(), None),
        (entry(start=10), 90),
        (entry(start=10, active_seconds=5), 95),
        (entry(start=10, end=30), 20),
        (entry(start=10, end=30, state=StageState.RETRYING, since=said(50)), 20),
        (entry(start=10, state=StageState.RETRYING, since=said(50)), 40),
        (entry(start=10, state=StageState.RUNNING, since=said(50)), 90),
    ],
)
def test_entry_after_its_pod_has_its_seconds_and_no_start(
    given: StageStatus, seconds: int | None
) -> None:
    after = settled(given, at(100))
    assert (after.active_seconds, after.start_time) == (seconds, None)
    assert after.completion_time == given.completion_time


LATEST = pod("new", created=200)


@pytest.mark.parametrize(
    ("given", "earlier", "seconds"),
    [
        (entry(), [], None),
        (entry(), [pod("a", 0, 30), pod("b", 40, 45)], 35),
        (entry(), [pod("a", 150)], 50),
        # The recorded pod counts with its recorded start, those before it have been counted.
        (entry(start=50, pod_name="b", active_seconds=30), [pod("a", 0, 30), pod("b", end=60)], 40),
        (entry(start=50, pod_name="b"), [pod("b", 55, 60), pod("c", 70, 90)], 25),
        # The recorded pod is gone: it ran until the new one was made.
        (entry(start=50, pod_name="gone"), [], 150),
        (entry(start=50, pod_name="gone"), [pod("a", 0, 30, created=0)], 150),
        (entry(start=50, pod_name="gone"), [pod("a", 60, 70, created=50)], 160),
        (entry(pod_name="gone", since=said(50)), [pod("a", 0, 30, created=49)], None),
        (entry(pod_name="gone", since=said(50)), [pod("a", 60, 70, created=50)], 10),
        (entry(pod_name="gone"), [pod("a", 0, 30)], 30),
    ],
)
def test_pods_before_a_new_one_count_once(
    given: StageStatus, earlier: list[ObservedPod], seconds: int | None
) -> None:
    after = settled_before(given, [*earlier, LATEST])
    assert (after.active_seconds, after.start_time) == (seconds, None)


ENDED: dict[str, Any] = {"exit_code": 0}


@pytest.mark.parametrize(
    ("seen", "held"),
    [
        (pod(start=0, end=10, **ENDED), {10: False, 10.5: False, 39: False, 40: True, 99: True}),
        (pod(start=0, end=10, **ENDED), {9: True}),
        (pod(start=0, **ENDED), {0: True, 99: True}),
        (pod(start=0, end=10, phase="Succeeded", **ENDED), {99: False}),
        (pod(start=0), {99: False}),
    ],
)
def test_pod_is_held_by_another_container(seen: ObservedPod, held: dict[float, bool]) -> None:
    assert {seconds: has_sidecar_left(seen, at(seconds)) for seconds in held} == held


@pytest.mark.parametrize(
    ("seen", "lost"),
    [
        (pod(start=0, deletion=said(30)), {89: False, 90: True, 91: True}),
        (pod(start=0), {999: False}),
        (pod(start=0, deletion=said(30), phase="Failed"), {999: False}),
        (pod(start=0, deletion=said(30), **ENDED), {999: False}),
    ],
)
def test_pod_is_lost_a_minute_after_its_grace_period(
    seen: ObservedPod, lost: dict[float, bool]
) -> None:
    assert {seconds: is_lost(seen, at(seconds)) for seconds in lost} == lost
