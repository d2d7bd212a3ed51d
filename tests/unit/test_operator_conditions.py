"""The conditions: Finished explains, the others are short and true."""

from __future__ import annotations

import pytest
from planning_world import NOW, World

from dubjob_operator import names
from dubjob_operator.api.status import Condition, StageState, StageStatus
from dubjob_operator.planning.conditions import conditions, invalid_spec, state_of
from dubjob_operator.planning.display import display, duration
from dubjob_operator.planning.messages import COMPLETED

LONG = "The node has no GPU left, and the queue is long: 0/1 nodes are available."
ALWAYS = {"Complete", "Finished"}


def entry(state: str, reason: str | None = None) -> StageStatus:
    return StageStatus(
        name="separate", state=StageState(state), reason=reason, message=LONG if reason else None
    )


def written(current: StageStatus | None, suspend: bool = False) -> dict[str, Condition]:
    return {each.type: each for each in conditions(state_of(current, suspend), 1, (), NOW)}


@pytest.mark.parametrize(
    ("current", "suspend", "true", "others"),
    [
        (None, False, {"Complete", "Finished"}, {}),
        (entry("Failed", "OOMKilled"), False, {"Failed", "Finished", "Stalled"},
         {"Stalled": "The separate stage failed."}),
        (entry("Running"), False, {"Reconciling"},
         {"Reconciling": "The separate stage is running."}),
        (entry("Queued", "Unschedulable"), False, {"Reconciling"},
         {"Reconciling": "The separate stage waits for capacity."}),
        (entry("Pulling", "CreateContainerError"), False, {"Reconciling"},
         {"Reconciling": "The separate stage cannot start.",
          "Stalled": "The separate stage waits until CreateContainerError is resolved, or until "
          "its start deadline passes."}),
        (entry("Pending", "ProfileNotFound"), False, {"Reconciling"},
         {"Stalled": "The separate stage waits until ProfileNotFound is resolved, or until "
          "its start deadline passes."}),
        (entry("Pending", "Suspended"), True, {"Suspended"},
         {"Suspended": "The field spec.suspend is true."}),
    ],
)  # fmt: skip
def test_conditions_of_each_state(
    current: StageStatus | None, suspend: bool, true: set[str], others: dict[str, str]
) -> None:
    now = written(current, suspend)
    assert {kind for kind, each in now.items() if each.status == "True"} == true
    assert set(now) == ALWAYS | true | set(others)
    assert {kind: now[kind].message for kind in others} == others
    long = [kind for kind, each in now.items() if LONG in each.message]
    assert long == (["Finished"] if current and current.reason else []), "said once"


def test_finished_dub_is_not_suspended() -> None:
    assert set(written(None, suspend=True)) == {"Complete", "Finished"}


@pytest.mark.parametrize("reason", ["audio/missing", "no words: heard", "1st", "…"])
def test_reason_of_an_engine_is_one_that_the_api_server_accepts(reason: str) -> None:
    failed = entry("Failed").model_copy(update={"reason": reason})
    for each in written(failed).values():
        assert each.reason.isalnum(), each
        assert each.reason[0].isalpha()


def test_condition_of_a_newer_operator_is_kept() -> None:
    newer = Condition(
        type="Published", status="True", reason="Uploaded", message="It is there.",
        last_transition_time="2026-01-02T03:04:05Z",
    )  # fmt: skip
    assert conditions(state_of(None, False), 1, (newer,), NOW)[-1] == newer


def test_invalid_spec_is_explained_once() -> None:
    now = {each.type: each for each in conditions(invalid_spec("speakers: no number"), 1, (), NOW)}
    assert now["Finished"].message == "speakers: no number."
    assert {now[kind].message for kind in ("Failed", "Stalled")} == {"The spec is invalid."}
    assert {each.reason for each in now.values() if each.status == "True"} == {"SpecInvalid"}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (45, "45s"), (73, "1m13s"), (120, "2m"), (3600, "1h"), (7325, "2h2m"),
     (90061, "1d1h"), (86460, "1d")],
)  # fmt: skip
def test_duration_has_the_two_largest_units(seconds: int, text: str) -> None:
    assert duration(seconds) == text


def test_columns_have_units() -> None:
    begun, ended = "2026-01-02T03:04:05Z", "2026-01-02T03:08:07Z"
    running, done = display(73, 73, begun, None), display(100, None, begun, ended)
    assert (running.progress, running.remaining, running.duration) == ("73%", "1m13s", None)
    assert (done.progress, done.remaining, done.duration) == ("100%", None, "4m2s")


def test_status_of_a_finished_dub_has_its_duration() -> None:
    world = World()
    world.step()
    world.later(61)
    after = world.finish()
    assert after.display
    assert (after.display.progress, after.display.duration) == ("100%", "1m1s")
    assert after.condition(names.FINISHED).message == COMPLETED  # type: ignore[union-attr]
