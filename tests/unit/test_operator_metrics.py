"""The metrics: their labels are bounded, whatever an image reports, and each stage counts once."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from unkind_cluster import UnkindCluster, running_cluster

from dubjob_operator.cluster.cached_object import CachedDubJob
from dubjob_operator.cluster.errors import ApiError, Conflict, Unavailable
from dubjob_operator.cluster.metrics import OTHER, REASONS, REGISTRY, DubJobs


def counted(states: list[tuple[str, str]]) -> dict[tuple[str, str], float]:
    (family,) = DubJobs(lambda: states).collect()
    return {
        (sample.labels["state"], sample.labels["reason"]): sample.value
        for sample in family.samples
    }  # fmt: skip


def test_each_reason_is_a_label() -> None:
    states = [("Failed", "NoSpeech"), ("Failed", "NoSpeech"), ("Complete", "Completed")]
    assert counted(states) == {("Failed", "NoSpeech"): 2, ("Complete", "Completed"): 1}


def test_invented_reasons_do_not_make_more_and_more_series() -> None:
    known = [("InProgress", "Running")] * 2
    invented = [("Failed", f"Invented{number}") for number in range(10_000)]
    found = counted([*invented, *known])
    assert len(found) == REASONS + 1
    assert found["InProgress", "Running"] == 2
    assert found["Failed", OTHER] == 10_000 - (REASONS - 1)
    assert sum(found.values()) == len(invented) + len(known)


def stages_counted(outcome: str) -> float:
    labels = {"stage": "ingest", "profile": "default", "outcome": outcome}
    return REGISTRY.get_sample_value("dubjob_stage_seconds_count", labels) or 0.0


def queues_counted() -> float:
    labels = {"stage": "ingest", "profile": "default"}
    return REGISTRY.get_sample_value("dubjob_stage_queue_seconds_count", labels) or 0.0


@pytest.mark.parametrize(
    ("call", "takes_effect"),
    [
        ("PUT status", False),
        ("PUT status", True),
        ("POST events", True),
        ("POST events", False),
        ("DELETE jobs", True),
        ("DELETE jobs", False),
    ],
)
@pytest.mark.parametrize("is_busy", [True, False])
def test_stage_counts_once_though_a_write_fails(
    call: str, takes_effect: bool, is_busy: bool
) -> None:
    before = stages_counted("Failed")
    cluster = UnkindCluster(deadlines={"activeSeconds": 100})
    cluster.is_busy = is_busy
    cluster.look()
    cluster.start_pod()
    cluster.look(10)
    error = Unavailable(500, "InternalError", "etcdserver: leader changed")
    cluster.faults[call] = (error, takes_effect)
    cluster.look(100)
    assert not cluster.faults, "the write was not tried"
    cluster.look(10)
    assert stages_counted("Failed") == before + 1


@pytest.mark.parametrize("call", ["POST jobs", "PUT status", "POST events"])
@pytest.mark.parametrize("is_busy", [True, False])
def test_success_counts_once_though_its_status_lags(call: str, is_busy: bool) -> None:
    before = stages_counted("Succeeded")
    cluster = running_cluster()
    cluster.is_busy = is_busy
    cluster.faults[call] = (Conflict(409, "Conflict", "modified"), False)
    cluster.end_pod(0)
    for _ in range(3):
        cluster.look(3)
    assert cluster.created == ["ingest", "separate"]
    assert stages_counted("Succeeded") == before + 1


CONFLICT = Conflict(409, "Conflict", "modified")


@pytest.mark.parametrize("error", [CONFLICT, Unavailable(0, "TimeoutError", "PUT status")])
@pytest.mark.parametrize("takes_effect", [True, False])
@pytest.mark.parametrize("lost", [1, 3])
def test_stage_counts_once_though_answers_are_lost(
    error: ApiError, takes_effect: bool, lost: int
) -> None:
    """`lost`: how often, before the watch delivers what was recorded."""
    stages, queues = stages_counted("Succeeded"), queues_counted()
    cluster = UnkindCluster()
    cluster.look()
    for ends in (False, True):
        if ends:
            cluster.end_pod(0)
        else:
            cluster.start_pod()
        cluster.deliver()
        for _ in range(lost):
            cluster.faults["PUT status"] = (error, takes_effect)
            assert isinstance(cluster.reconcile(), ApiError)
            cluster.now += timedelta(seconds=1)
        cluster.look(1)
        cluster.look(1)
    assert stages_counted("Succeeded") == stages + 1
    assert queues_counted() == queues + 1


def test_lost_write_counts_though_the_spec_is_invalid_then() -> None:
    before = queues_counted()
    cluster = UnkindCluster()
    cluster.look()
    cluster.start_pod()
    cluster.deliver()
    cluster.faults["PUT status"] = (CONFLICT, True)
    cluster.reconcile()
    # As an edit whose event comes before that of the status, but without it.
    lagging = json.loads(cluster.cache.dubjob(cluster.key).text)  # type: ignore[union-attr]
    lagging["spec"]["targetLanguage"] = 5
    cluster.cache.dubjobs.put(cluster.key, CachedDubJob.of(lagging))
    assert isinstance(cluster.reconcile(), Conflict)
    cluster.look(1)
    assert queues_counted() == before + 1
