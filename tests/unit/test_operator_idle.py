"""What the raw object of a DubJob or a Job says, without parsing it."""

from __future__ import annotations

from typing import Any

import pytest

from dubjob_operator.planning.idle import has_failed, is_active, is_idle, state_and_reason


def conditions(*found: tuple[str, str], reason: str = "Because") -> dict[str, Any]:
    return {
        "conditions": [
            {"type": kind, "status": value, "reason": f"{reason}{kind}"} for kind, value in found
        ]
    }


NOT_FINISHED = ("Finished", "False")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({}, ("InProgress", "New")),
        ({"status": None}, ("InProgress", "New")),
        ({"status": {"conditions": None}}, ("InProgress", "New")),
        ({"status": conditions(NOT_FINISHED)}, ("InProgress", "BecauseFinished")),
        ({"status": {"conditions": [{"type": "Finished", "status": "False"}]}},
         ("InProgress", "New")),
        ({"status": conditions(NOT_FINISHED, ("Complete", "False"))},
         ("InProgress", "BecauseFinished")),
        ({"status": conditions(NOT_FINISHED, ("Suspended", "True"))},
         ("Suspended", "BecauseSuspended")),
        ({"status": conditions(("Failed", "True"), ("Complete", "False"))},
         ("Failed", "BecauseFailed")),
        ({"status": conditions(("Complete", "True"))}, ("Complete", "BecauseComplete")),
        ({"status": {"conditions": [{"type": "Complete", "status": "True"}]}}, ("Complete", "")),
    ],
)  # fmt: skip
def test_state_and_its_reason(raw: dict[str, Any], expected: tuple[str, str]) -> None:
    assert state_and_reason(raw) == expected


@pytest.mark.parametrize("kind", ["Complete", "Failed"])
@pytest.mark.parametrize(
    ("metadata", "status", "idle"),
    [
        ({"generation": 2}, {"observedGeneration": 2}, True),
        ({"generation": 2, "annotations": None}, {"observedGeneration": 2}, True),
        ({"generation": 3}, {"observedGeneration": 2}, False),
        ({"generation": 2, "annotations": {"dubjob.dev/retry": "mux@1"}},
         {"observedGeneration": 2}, False),
        ({"generation": 2, "annotations": {"dubjob.dev/retry": "mux@1"}},
         {"observedGeneration": 2, "lastHandledRetry": "mux@1"}, True),
        ({"generation": 2, "annotations": {"dubjob.dev/retry": "mux@2"}},
         {"observedGeneration": 2, "lastHandledRetry": "mux@1"}, False),
        ({"generation": 2, "annotations": {"other": "mux@2"}}, {"observedGeneration": 2}, True),
    ],
)  # fmt: skip
def test_idle_until_something_is_requested(
    kind: str, metadata: dict[str, Any], status: dict[str, Any], idle: bool
) -> None:
    raw = {"metadata": metadata, "status": {**status, **conditions((kind, "True"))}}
    assert is_idle(raw) is idle
    running = {"metadata": metadata, "status": {**status, **conditions(("Suspended", "True"))}}
    assert not is_idle(running)
    assert not is_idle({"metadata": metadata})


@pytest.mark.parametrize(
    ("job", "active", "failed"),
    [
        ({}, True, False),
        ({"status": None}, True, False),
        ({"status": {"conditions": None}}, True, False),
        ({"status": conditions(("Suspended", "True"))}, True, False),
        ({"status": conditions(("Complete", "False"), ("Failed", "False"))}, True, False),
        ({"status": conditions(("Suspended", "False"), ("Complete", "True"))}, False, False),
        ({"status": conditions(("FailureTarget", "True"), ("Failed", "True"))}, False, True),
    ],
)
def test_job_that_may_still_create_pods(job: dict[str, Any], active: bool, failed: bool) -> None:
    assert (is_active(job), has_failed(job)) == (active, failed)
