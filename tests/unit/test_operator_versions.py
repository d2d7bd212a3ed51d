"""Objects of one version and the models of another: nothing is lost, nothing fails."""

from __future__ import annotations

from typing import Any

import pytest
from planning_world import NOW, World, dubjob, profile

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import DubJobStatus, StageState
from dubjob_operator.planning.observation import observe
from dubjob_operator.planning.plan import plan
from dubjob_operator.planning.stage_states import stage_states
from dubjob_operator.planning.status import status

Object = dict[str, Any]


def stored(world: World) -> Object:
    """The DubJob as the API server stores it."""
    made = world.dubjob.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert made["status"]["stages"]
    return made


def running() -> Object:
    world = World()
    world.step()
    world.succeed()
    for _ in range(2):
        world.step()
    world.pod("Running")
    world.step()
    return stored(world)


def from_tomorrow(state: str) -> Object:
    """A running DubJob as a newer operator may have written it."""
    made = running()
    made["spec"]["lipSync"] = {"engine": "new"}
    recorded = made["status"]
    recorded["cost"] = {"gpuSeconds": 12}
    recorded["display"]["cost"] = "12 s"
    recorded["conditions"].append(
        {"type": "Billed", "status": "Unknown", "reason": "Later", "message": "Not yet.",
         "lastTransitionTime": "2026-01-02T03:04:05Z", "severity": "low"}
    )  # fmt: skip
    recorded["stages"][0]["checksum"] = "abc"
    recorded["stages"][1] |= {"state": state, "reason": "AwaitingMoon", "zone": "a"}
    recorded["stages"].append({"name": "publish", "state": "Uploading", "run": 1, "attempts": 1})
    return made


def reconciled(made: Object) -> tuple[DubJobStatus, Object]:
    """The status after one reconcile without a cluster, as model and as it is written."""
    known = DubJob.model_validate(made)
    observed = observe([], [], known.metadata.uid, {})
    states = stage_states(known, profile(), observed, NOW)
    done = plan(known, profile(), observed, states, NOW)
    assert not done.delete
    after = status(known, states, observed, NOW)
    return after, after.model_dump(mode="json", by_alias=True, exclude_none=True)


def test_unknown_stage_state_is_kept_and_shown() -> None:
    made = from_tomorrow("Paused")
    known = DubJob.model_validate(made)
    after, written = reconciled(made)
    assert written["stages"] == made["status"]["stages"], "nothing is done about it"
    finished = after.condition("Finished")
    assert finished
    assert (finished.status, finished.reason) == ("False", "Paused")
    assert "Paused" in finished.message
    observed = observe([], [], known.metadata.uid, {})
    states = stage_states(known, profile(), observed, NOW)
    assert plan(known, profile(), observed, states, NOW).create is None


def test_fields_and_conditions_of_a_newer_operator_are_kept() -> None:
    made = from_tomorrow("Paused")
    _, written = reconciled(made)
    recorded = made["status"]
    assert written["cost"] == recorded["cost"]
    assert written["conditions"][-1] == recorded["conditions"][-1]
    assert written["stages"][0]["checksum"] == "abc"
    assert written["stages"][-1] == recorded["stages"][-1]


@pytest.mark.parametrize("suspend", [True, False])
def test_stage_of_an_unknown_state_is_not_stopped(suspend: bool) -> None:
    made = from_tomorrow("Paused")
    made["spec"]["suspend"] = suspend
    after, _ = reconciled(made)
    assert after.stages[1].state == "Paused"
    assert after.stages[1].run == 1


def test_changed_spec_starts_a_stage_of_an_unknown_state_afresh() -> None:
    made = from_tomorrow("Paused")
    made["spec"]["source"] = {"path": "other.mp4"}
    made["metadata"]["generation"] = 2
    after, _ = reconciled(made)
    assert after.stages[1].state is StageState.PENDING
    assert after.stages[1].run == 2


def test_status_of_an_older_operator_is_completed() -> None:
    """It lacks every optional field that was added since."""
    made = running()
    recorded = made["status"]
    for field in ("display", "sourceLanguage", "targetLanguage", "summary", "startTime"):
        recorded.pop(field, None)
    for entry in recorded["stages"]:
        for field in ("elapsedMilliseconds", "summary", "nodeName", "since"):
            entry.pop(field, None)
    after, _ = reconciled(made)
    assert after.stages[0].state is StageState.SUCCEEDED
    assert (after.source_language, after.target_language) == ("en", "es")
    assert after.display
    assert after.display.progress == "3%"


def test_object_without_a_status_is_read() -> None:
    made = dubjob().model_dump(mode="json", by_alias=True, exclude_none=True)
    del made["status"]
    after, _ = reconciled(made)
    assert [entry.state for entry in after.stages] == [StageState.PENDING] * 6


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"pauseAfter": ["translate"]}, "pauseAfter was renamed: use spec.reviewAfter"),
        ({"activeDeadlineSeconds": 5}, "use spec.deadlines.activeSeconds"),
        ({"source": {"uri": "s3://bucket/talk.mp4"}}, "source has no path"),
    ],
)
def test_spec_that_would_be_misread_is_refused(spec: Object, says: str) -> None:
    """Stored before the rename, or by an API server that knows more."""
    made = running()
    made["spec"] |= spec
    with pytest.raises(ValueError, match=says):
        DubJob.model_validate(made)
