"""Which statuses are written later than the Jobs that follow from them, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from planning_world import NOW
from unkind_cluster import UnkindCluster

from dubjob_operator.api.profile_reference import UsedProfile
from dubjob_operator.api.status import DubJobStatus, StageState
from dubjob_operator.cluster.errors import Conflict, Unavailable
from dubjob_operator.cluster.lag import Lag
from dubjob_operator.planning.deadlines import DEBOUNCE_SECONDS
from dubstage.contract import Stage

KEY = ("dubbing", "talk")
AWAY = Unavailable(500, "InternalError", "failed calling webhook")


def recorded(state: str, **fields: Any) -> DubJobStatus:
    entry = {"name": "ingest", "state": state}
    return DubJobStatus.model_validate({"observedGeneration": 1, "stages": [entry], **fields})


def stage(**fields: Any) -> Callable[[DubJobStatus], DubJobStatus]:
    return lambda found: found.model_copy(
        update={"stages": [found.stages[0].model_copy(update=fields)]}
    )


def whole(**fields: Any) -> Callable[[DubJobStatus], DubJobStatus]:
    return lambda found: found.model_copy(update=fields)


@pytest.mark.parametrize(
    ("change", "is_later"),
    [
        (stage(job_name="talk-ingest-1", message="done", elapsed_milliseconds=7), True),
        (whole(progress=10, stage="separate"), True),
        (whole(observed_generation=2), False),
        (whole(last_handled_retry="ingest@1"), False),
        (whole(last_handled_approval="transcribe@1"), False),
        (whole(profile_ref=UsedProfile(kind="ClusterDubProfile", name="gpu")), False),
        (stage(run=2), False),
        (stage(reused=True), False),
        (stage(imports=True), False),
        (stage(forced=True), False),
        (stage(reviewed=True), False),
        (stage(shortens=True), False),
        (stage(state=StageState.RUNNING), False),
    ],
)
def test_only_what_jobs_and_pods_hold_is_written_later(
    change: Callable[[DubJobStatus], DubJobStatus], is_later: bool
) -> None:
    before, after = recorded("Running"), change(recorded("Succeeded"))
    assert Lag(lambda: True).allows(KEY, before, after, NOW) is is_later
    assert not Lag(lambda: False).allows(KEY, before, after, NOW)


def busy_cluster() -> UnkindCluster:
    cluster = UnkindCluster()
    cluster.look()
    cluster.is_busy = True
    return cluster


def succeed(cluster: UnkindCluster, seconds: float) -> bool:
    """Another stage succeeds, so much later. Return whether the status is written."""
    cluster.start_pod()
    cluster.end_pod(0)
    cluster.now += timedelta(seconds=seconds)
    cluster.calls.clear()
    cluster.deliver()
    cluster.reconcile()
    return "PUT status" in cluster.calls


@pytest.mark.parametrize(
    ("pauses", "written"),
    [
        ([0, 3, 2], [False, False, True]),
        ([0, 4.5, 0.4, 0.1, 3], [False, False, False, True, False]),
        ([60, 60, 3], [False, True, False]),
    ],
)
def test_status_is_not_later_than_five_seconds_while_stage_follows_stage(
    pauses: list[float], written: list[bool]
) -> None:
    """The time counts from the first success that is not written."""
    assert DEBOUNCE_SECONDS == 5.0
    cluster = busy_cluster()
    assert [succeed(cluster, seconds) for seconds in pauses] == written


def test_job_that_is_not_created_is_reported_though_others_wait() -> None:
    cluster = busy_cluster()
    cluster.start_pod()
    cluster.end_pod(0)
    cluster.deliver()
    cluster.faults["POST jobs"] = (AWAY, False)
    assert cluster.reconcile() is AWAY
    separate = cluster.status.of("separate")
    assert separate
    assert separate.reason == "JobNotCreated"


def test_event_of_a_lost_write_is_emitted_though_the_next_status_lags() -> None:
    """The cache shows the status before it for a while."""
    cluster = UnkindCluster()
    cluster.look()
    cluster.start_pod()
    cluster.deliver()
    cluster.faults["PUT status"] = (AWAY, True)
    assert cluster.reconcile() is AWAY
    cluster.end_pod(0)
    cluster.is_busy = True
    cluster.deliver("jobs", "pods")
    assert cluster.reconcile() is None
    assert cluster.created == ["ingest", "separate"]
    assert cluster.events == {}
    cluster.look(1)
    assert "StageStarted" in cluster.events


def test_writes_are_not_repeated_while_the_watch_is_two_versions_behind() -> None:
    cluster = UnkindCluster()
    cluster.look()
    for ends in (False, True, False):
        if ends:
            cluster.end_pod(0)
        else:
            cluster.start_pod()
        cluster.deliver("jobs", "pods")
        assert cluster.reconcile() is None
    calls = len(cluster.calls)
    assert cluster.reconcile() is None
    assert len(cluster.calls) == calls
    assert cluster.created == ["ingest", "separate"]
    separate = cluster.status.of(Stage.SEPARATE)
    assert separate
    assert separate.state == StageState.RUNNING


def test_foreign_write_is_seen_though_earlier_writes_were_not() -> None:
    cluster = UnkindCluster()
    cluster.look()
    cluster.start_pod()
    cluster.deliver("jobs", "pods")
    assert cluster.reconcile() is None
    cluster.change(suspend=True)
    cluster.end_pod(0)
    cluster.deliver("jobs", "pods")
    assert isinstance(cluster.reconcile(), Conflict)
    cluster.look(1)
    suspended = cluster.status.condition("Suspended")
    assert suspended
    assert suspended.status == "True"
