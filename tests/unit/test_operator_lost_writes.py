"""Whichever limit a stage reaches, and whichever write is lost then: it is reached once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from unkind_cluster import UnkindCluster

from dubjob_operator.cluster.errors import ApiError, Conflict, NotLeading, Unavailable

ERRORS: dict[str, ApiError] = {
    "PUT status": Conflict(409, "Conflict", "the object has been modified"),
    "POST events": Unavailable(500, "InternalError", "etcdserver: leader changed"),
    "DELETE jobs": NotLeading(0, "NotLeading", "another replica is the leader"),
}
EVICTED = {
    "reason": "Evicted",
    "message": 'Usage of EmptyDir volume "scratch" exceeds the limit "2Gi". ',
}


@dataclass(frozen=True)
class Limit:
    """How a stage comes to its end although its Job would continue."""

    begins: Callable[[UnkindCluster], object]
    ends: Callable[[UnkindCluster], object] = lambda cluster: None
    spec: dict[str, Any] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)


def waits_for(**pod: Any) -> Callable[[UnkindCluster], object]:
    return lambda cluster: cluster.start_pod(**pod)


LIMITS = {
    "DeadlineExceeded": Limit(UnkindCluster.start_pod, spec={"deadlines": {"activeSeconds": 100}}),
    "StageTimeout": Limit(
        UnkindCluster.start_pod, profile={"every_stage": {"timeoutSeconds": 100}}
    ),
    "QueueDeadlineExceeded": Limit(
        waits_for(unschedulable=True), spec={"deadlines": {"queueSeconds": 100}}
    ),
    "StartDeadlineExceeded": Limit(
        waits_for(waiting="InvalidImageName"), spec={"deadlines": {"startSeconds": 100}}
    ),
    "TooManyDisruptions": Limit(
        UnkindCluster.start_pod,
        lambda cluster: cluster.end_pod(143, disrupted=True),
        profile={"maxDisruptions": 0},
    ),
    "ScratchFull": Limit(
        UnkindCluster.start_pod, lambda cluster: cluster.end_pod(137, told=EVICTED)
    ),
}
"""By the reason with which the dub fails."""


@pytest.mark.parametrize("reason", LIMITS)
@pytest.mark.parametrize("call", ERRORS)
@pytest.mark.parametrize("takes_effect", [True, False])
@pytest.mark.parametrize("restarts", [True, False])
def test_limit_is_reached_once_whichever_write_is_lost(
    reason: str, call: str, takes_effect: bool, restarts: bool
) -> None:
    limit = LIMITS[reason]
    cluster = UnkindCluster(limit.profile, **limit.spec)
    cluster.look()
    limit.begins(cluster)
    cluster.look(10)
    limit.ends(cluster)
    cluster.faults[call] = (ERRORS[call], takes_effect)
    cluster.now += timedelta(seconds=105)
    cluster.deliver()
    cluster.reconcile()
    assert not cluster.faults, "the write was not tried"
    if restarts:
        cluster.restart()
    for _ in range(3):
        cluster.look(15)
        cluster.end_terminating()
    finished = cluster.status.condition("Finished")
    assert finished
    assert (finished.status, finished.reason) == ("True", reason)
    assert cluster.created == ["ingest"]
    assert not cluster.jobs, "its Job would continue"
