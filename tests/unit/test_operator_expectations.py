"""No two Jobs or pods write to one folder while the watches lag."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from unkind_cluster import UnkindCluster, running_cluster

from dubjob_operator import names
from dubjob_operator.api.status import StageState
from dubjob_operator.cluster.errors import ApiError, Refused, Unavailable
from dubjob_operator.cluster.expectations import EXPECTATION_SECONDS
from dubstage.contract import Stage
from dubstage.contract.summary import StageSummary

AWAY = Unavailable(500, "InternalError", "etcdserver: leader changed")
REFUSED = Refused(403, "Forbidden", "no")


def retry(cluster: UnkindCluster) -> None:
    cluster.dubjob["metadata"]["annotations"] = {names.RETRY_ANNOTATION: "ingest@1"}
    cluster.touch()


def change_source(cluster: UnkindCluster) -> None:
    cluster.change(source={"path": "other.mp4"})


def change_language(cluster: UnkindCluster) -> None:
    cluster.change(sourceLanguage="de")


CHANGES = [retry, change_source, change_language]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("answers", [True, False])
def test_job_that_no_watch_has_delivered_is_replaced(
    change: Callable[[UnkindCluster], None], answers: bool
) -> None:
    """`answers`: the API server answers the request that creates the first Job."""
    cluster = UnkindCluster()
    cluster.deliver("dubjobs")
    if not answers:
        cluster.faults["POST jobs"] = (AWAY, True)
        cluster.faults["GET jobs"] = (AWAY, True)
    cluster.reconcile()
    first = set(cluster.jobs)
    change(cluster)
    for _ in range(3):
        cluster.deliver("dubjobs")
        cluster.reconcile()
        assert set(cluster.jobs) == first
    cluster.look(1)
    cluster.look(EXPECTATION_SECONDS + 1)
    assert cluster.created == ["ingest", "ingest"]
    assert len(cluster.jobs) == 1
    assert not first & set(cluster.jobs)


@pytest.mark.parametrize("change", [retry, change_language])
def test_job_of_an_earlier_stage_is_not_the_one_that_is_awaited(
    change: Callable[[UnkindCluster], None],
) -> None:
    cluster = running_cluster()
    cluster.end_pod(0, summary=StageSummary(audio_tracks=2))
    cluster.deliver()
    cluster.reconcile()
    assert cluster.created == ["ingest", "separate"]
    change(cluster)
    for _ in range(3):
        cluster.deliver("dubjobs")
        cluster.reconcile()
    assert cluster.created == ["ingest", "separate"]
    cluster.look(1)
    cluster.look(EXPECTATION_SECONDS + 1)
    assert cluster.created == ["ingest", "separate", "ingest"]


@pytest.mark.parametrize("error", [AWAY, REFUSED])
def test_job_that_was_not_created_is_created_at_once(error: ApiError) -> None:
    cluster = UnkindCluster()
    cluster.deliver("dubjobs")
    cluster.faults["POST jobs"] = (error, False)
    cluster.reconcile()
    assert cluster.created == []
    cluster.deliver("dubjobs")
    cluster.reconcile()
    assert cluster.created == ["ingest"]


def test_refused_job_holds_no_other() -> None:
    cluster = UnkindCluster()
    cluster.deliver("dubjobs")
    cluster.faults["POST jobs"] = (REFUSED, False)
    cluster.reconcile()
    change_source(cluster)
    cluster.deliver("dubjobs")
    cluster.reconcile()
    assert cluster.created == ["ingest"]


def deletes_the_job(cluster: UnkindCluster) -> None:
    cluster.delete_job(next(iter(cluster.jobs)))


@pytest.mark.parametrize("change", [*CHANGES, deletes_the_job])
@pytest.mark.parametrize("attempt", [1, 2])
def test_pod_that_no_watch_has_delivered_ends_before_the_next_starts(
    change: Callable[[UnkindCluster], None], attempt: int
) -> None:
    cluster = UnkindCluster()
    cluster.look()
    if attempt == 2:
        cluster.start_pod()
        cluster.look(1)
        cluster.end_pod(1)
        cluster.look(1)
    cluster.start_pod()
    change(cluster)
    for _ in range(3):
        cluster.deliver("dubjobs", "jobs")
        cluster.reconcile()
    assert len(cluster.live()) == 1
    for _ in range(10):
        cluster.look(2)
    assert cluster.created == ["ingest"]
    cluster.end_terminating()
    cluster.look(1)
    assert cluster.created == ["ingest", "ingest"]


def test_next_job_of_a_job_without_a_pod_waits_five_seconds() -> None:
    cluster = UnkindCluster()
    cluster.look()
    change_source(cluster)
    cluster.look(1)
    cluster.look(EXPECTATION_SECONDS - 0.5)
    assert cluster.created == ["ingest"]
    cluster.look(0.5)
    assert cluster.created == ["ingest", "ingest"]


def suspended_by_a_queue(cluster: UnkindCluster) -> None:
    """No pod of the Job exists."""
    for job in cluster.jobs.values():
        job["spec"]["suspend"] = True
        cluster._changed("jobs", job)


def with_a_known_pod(cluster: UnkindCluster) -> None:
    cluster.start_pod()


@pytest.mark.parametrize("is_", [suspended_by_a_queue, with_a_known_pod])
def test_next_job_does_not_wait_for_a_pod_that_cannot_exist(
    is_: Callable[[UnkindCluster], None],
) -> None:
    cluster = UnkindCluster()
    cluster.look()
    is_(cluster)
    cluster.look(1)
    change_source(cluster)
    cluster.look(1)
    cluster.end_terminating()
    cluster.look()
    assert cluster.created == ["ingest", "ingest"]


@pytest.mark.parametrize("order", [("jobs", "pods"), ("pods", "jobs")])
def test_result_counts_if_the_watch_of_the_pods_is_ahead(order: tuple[str, str]) -> None:
    """A user deletes the finished Job, or its time to live is short."""
    cluster = running_cluster()
    cluster.end_pod(0, summary=StageSummary(audio_tracks=2), corrected=[Stage.SEPARATE])
    cluster.expire_jobs()
    for kind in order:
        cluster.deliver(kind)
    cluster.look(1)
    ingest, separate = cluster.status.stages[:2]
    assert ingest.state == StageState.SUCCEEDED
    assert ingest.summary == StageSummary(audio_tracks=2)
    assert separate.imports
    assert not cluster.cache.ended_pods.every()


def test_failed_pod_that_was_deleted_is_reported_once() -> None:
    cluster = running_cluster()
    cluster.end_pod(1)
    for pod in list(cluster.pods.values()):
        cluster._remove_pod(pod)
    cluster.deliver("pods")
    cluster.look(1)
    assert "StageRetrying" in cluster.events
    assert not cluster.cache.ended_pods.every()
    cluster.now += timedelta(seconds=1)
    cluster.start_pod()
    cluster.look(1)
    assert cluster.status.stages[0].state == StageState.RUNNING
