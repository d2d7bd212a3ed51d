"""What the DubJob, its profile or a default decides."""

from __future__ import annotations

from typing import Any

import pytest
from planning_world import World, dubjob, profile

from dubjob_operator import names
from dubjob_operator.planning.manifests import stage_job
from dubjob_operator.planning.settings import Allowed, Deadline, allowed, backoff_limit
from dubjob_operator.planning.stage_states import stage_states

IN_PROFILE = "deadlines.startSeconds of DubProfile default"


@pytest.mark.parametrize(
    ("own", "given", "deadline", "expected"),
    [
        ({}, {}, Deadline.START, Allowed(600, "the default of startSeconds")),
        ({}, {}, Deadline.QUEUE, None),
        ({}, {}, Deadline.ACTIVE, None),
        ({}, {"startSeconds": 60}, Deadline.START, Allowed(60, IN_PROFILE)),
        ({"startSeconds": 5}, {"startSeconds": 60}, Deadline.START,
         Allowed(5, "spec.deadlines.startSeconds")),
        ({"queueSeconds": 5}, {"startSeconds": 60}, Deadline.START, Allowed(60, IN_PROFILE)),
        ({"queueSeconds": 5}, {}, Deadline.QUEUE, Allowed(5, "spec.deadlines.queueSeconds")),
        ({}, {"activeSeconds": 7}, Deadline.ACTIVE,
         Allowed(7, "deadlines.activeSeconds of DubProfile default")),
    ],
)  # fmt: skip
def test_deadline_of_dubjob_then_profile_then_default(
    own: dict[str, int], given: dict[str, int], deadline: Deadline, expected: Allowed | None
) -> None:
    assert allowed(dubjob(deadlines=own), profile(deadlines=given), deadline) == expected


def test_default_deadline_counts_while_there_is_no_profile() -> None:
    world = World()
    world.profile = None
    assert world.step().stages[0].reason == "ProfileNotFound"
    assert world.later(601).condition("Failed").reason == "StartDeadlineExceeded"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("own", "given", "expected"), [(None, None, 2), (None, 0, 0), (5, 0, 5), (0, 7, 0)]
)
def test_backoff_limit_of_dubjob_then_profile_then_default(
    own: int | None, given: int | None, expected: int
) -> None:
    assert backoff_limit(dubjob(backoffLimit=own), profile(backoffLimit=given)) == expected


def test_deadline_of_the_profile_ends_waiting_and_is_named() -> None:
    world = World()
    world.profile = profile(deadlines={"queueSeconds": 100})
    world.step()
    waits: dict[str, Any] = {"type": "PodScheduled", "status": "False", "message": "No GPU."}
    world.pod("Pending", conditions=[waits])
    world.later(6)
    finished = world.later(101).condition("Finished")
    assert finished
    assert finished.reason == "QueueDeadlineExceeded"
    assert "deadlines.queueSeconds of DubProfile default" in finished.message


@pytest.mark.parametrize(
    ("spec", "label", "given", "expected"),
    [
        (None, None, None, None),
        (None, None, "of-profile", "of-profile"),
        (None, "of-label", "of-profile", "of-label"),
        ("of-spec", "of-label", "of-profile", "of-spec"),
    ],
)
def test_queue_of_spec_then_label_then_profile(
    spec: str | None, label: str | None, given: str | None, expected: str | None
) -> None:
    world = World(labels={names.QUEUE_LABEL: label} if label else None, queueName=spec)
    used = profile(queueName=given)
    states = stage_states(world.dubjob, used, world.observed(), world.now)
    job = stage_job(world.dubjob, used, states[0])
    assert job["metadata"]["labels"].get(names.QUEUE_LABEL) == expected
    annotations = job["spec"]["template"]["metadata"]["annotations"]
    assert annotations.get(names.VOLCANO_QUEUE_ANNOTATION) == expected
