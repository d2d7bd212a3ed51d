"""The metrics: their labels are bounded, whatever an image reports, and each stage counts once."""

from __future__ import annotations

import pytest
from unkind_cluster import UnkindCluster

from dubjob_operator.cluster.errors import Conflict, Unavailable
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


@pytest.mark.parametrize(
    ("call", "takes_effect"),
    [
        ("PUT status", False),
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
    cluster = UnkindCluster()
    cluster.look()
    cluster.start_pod()
    cluster.look(1)
    cluster.is_busy = is_busy
    cluster.faults[call] = (Conflict(409, "Conflict", "modified"), False)
    cluster.end_pod(0)
    for _ in range(3):
        cluster.look(3)
    assert cluster.created == ["ingest", "separate"]
    assert stages_counted("Succeeded") == before + 1
