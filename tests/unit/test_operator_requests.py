"""Suspend, retry and review of an existing DubJob."""

from __future__ import annotations

from datetime import timedelta

import pytest
from planning_world import World

from dubjob_operator.api.status import DubJobStatus, StageState
from dubjob_operator.planning.times import timestamp
from dubstage.contract import Stage, StageRequest, StageResult

STAGES = [str(stage) for stage in Stage]


def condition(after: DubJobStatus, kind: str) -> tuple[str, str]:
    found = after.condition(kind)
    assert found is not None
    return found.status, found.reason


def up_to(world: World, stage: str) -> None:
    """Let the stages before `stage` succeed, and start it."""
    while not world.created or world.created[-1] != stage:
        world.step()
        if world.created[-1] != stage:
            world.succeed()


def last_request(world: World) -> StageRequest:
    job = world.jobs[list(world.jobs)[-1]]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return StageRequest.model_validate_json(container["env"][0]["value"])


def test_suspend_deletes_the_running_job_and_resume_continues() -> None:
    world = World()
    up_to(world, "transcribe")
    world.pod("Running")
    world.step()
    world.change(suspend=True)
    world.step()
    after = world.later(60)
    assert condition(after, "Suspended") == ("True", "Suspended")
    assert after.condition("Reconciling") is None
    assert condition(after, "Finished") == ("False", "Suspended")
    assert not [job for job in world.jobs if "transcribe" in job]
    assert [entry.state for entry in after.stages[:2]] == [StageState.SUCCEEDED] * 2
    world.change(suspend=False)
    world.finish()
    assert world.created == [*STAGES[:3], *STAGES[2:]]


def test_suspended_dubjob_does_not_start() -> None:
    world = World(suspend=True)
    after = world.later(3600)
    assert world.later(3600) == after
    assert world.created == []


def test_suspending_a_finished_dubjob_changes_nothing() -> None:
    world = World()
    world.finish()
    world.change(suspend=True)
    after = world.step()
    assert condition(after, "Complete")[0] == "True"
    assert after.condition("Suspended") is None


def test_retry_of_a_stage_runs_it_and_all_later_stages() -> None:
    world = World()
    world.finish()
    world.created.clear()
    world.change({"dubjob.dev/retry": "synthesize@1"})
    after = world.step()
    assert after.last_handled_retry == "synthesize@1"
    assert condition(after, "Finished")[0] == "False"
    world.step()
    assert last_request(world).force
    assert last_request(world).run == 2
    world.succeed()
    world.finish()
    assert world.created == ["synthesize", "mux"]
    before = world.dubjob.status
    assert world.step() == before, "an old value was carried out again"
    world.change({"dubjob.dev/retry": "mux@2"})
    world.finish()
    assert world.created == ["synthesize", "mux", "mux"]


def test_duration_of_a_dub_that_runs_again_is_without_the_time_between() -> None:
    world = World()
    began = world.finish().start_time
    world.now += timedelta(hours=1)
    world.change({"dubjob.dev/retry": "mux@1"})
    again = world.step()
    assert began is not None
    assert again.start_time == timestamp(world.now)
    assert again.completion_time is None
    world.now += timedelta(seconds=4)
    after = world.finish()
    assert after.start_time == again.start_time
    assert after.display is not None
    assert after.display.duration == "4s"


def test_a_retry_that_is_stored_with_a_new_dubjob_does_nothing() -> None:
    world = World()
    world.change({"dubjob.dev/retry": "translate@1"})
    after = world.step()
    assert after.last_handled_retry == "translate@1"
    assert not any(entry.forced for entry in after.stages)
    assert not any(event.startswith("Retry") for event in world.events)
    world.finish()
    assert world.created == STAGES
    world.change({"dubjob.dev/retry": "translate@2"})
    world.finish()
    assert world.created == [*STAGES, *STAGES[3:]]


def test_retry_of_the_failed_stage() -> None:
    world = World()
    up_to(world, "translate")
    world.pod("Failed", 65)
    world.fail()
    world.step()
    world.change({"dubjob.dev/retry": "failed@now"})
    world.finish()
    assert world.created == [*STAGES[:4], *STAGES[3:]]


def test_retry_while_a_stage_runs_replaces_it() -> None:
    world = World()
    up_to(world, "transcribe")
    world.pod("Running")
    world.step()
    world.change({"dubjob.dev/retry": "separate@1"})
    for _ in range(3):
        world.step()
    assert world.created == [*STAGES[:3], "separate"]
    assert not [job for job in world.jobs if "transcribe" in job]


@pytest.mark.parametrize("value", ["nonsense", "everything@3", "@"])
def test_retry_without_a_valid_stage_is_refused_once(value: str) -> None:
    world = World()
    done = world.finish()
    world.change({"dubjob.dev/retry": value})
    after = world.step()
    assert after.stages == done.stages
    assert after.last_handled_retry == value
    assert len([event for event in world.events if event.startswith("RetryRefused")]) == 1


def awaiting(world: World, stage: str = "translate") -> DubJobStatus:
    up_to(world, stage)
    world.succeed()
    world.step()
    return world.later(3600)


def test_review_waits_and_names_the_file() -> None:
    world = World(reviewAfter=["translate"], deadlines={"activeSeconds": 60})
    after = awaiting(world)
    assert condition(after, "Finished") == ("False", "AwaitingReview")
    assert condition(after, "Reconciling")[0] == "True"
    assert after.condition("Stalled") is None
    message = after.condition("Finished").message  # type: ignore[union-attr]
    assert "outputs/talk/text/trg_transcript.json" in message
    assert "inputs/talk/translation.json, .srt" in message
    approve = "kubectl -n dubbing annotate dubjob talk dubjob.dev/approve=translate.1.111111"
    assert message.endswith(f"{approve} --overwrite"), "nothing follows the command"
    assert world.created == STAGES[:4]


def test_approval_starts_a_light_run_and_continues() -> None:
    world = World(reviewAfter=["translate"])
    awaiting(world)
    for stale in ("translate.7.111111", "translate.1.222222", "translate.1"):
        world.change({"dubjob.dev/approve": stale})
        assert world.step().stage == "translate", "another run's or DubJob's approval counted"
    world.change({"dubjob.dev/approve": "translate.1.111111"})
    after = world.step()
    assert after.last_handled_approval == "translate.1.111111"
    world.step()
    assert world.created[4:] == ["translate"]
    request = last_request(world)
    assert request.import_only
    assert not request.force
    world.succeed(imported=True)
    world.finish()
    assert world.created[4:] == ["translate", "synthesize", "mux"]
    assert world.events[-1].startswith("Completed")


def test_removed_review_continues() -> None:
    world = World(reviewAfter=["translate"])
    awaiting(world)
    world.change(reviewAfter=[])
    world.finish()
    assert world.created[4:] == ["translate", "synthesize", "mux"]


def test_bad_correction_returns_to_review() -> None:
    world = World(reviewAfter=["translate"])
    awaiting(world)
    world.change({"dubjob.dev/approve": "translate.1.111111"})
    world.step()
    world.step()
    said = StageResult(stage=Stage.TRANSLATE, reason="BadCorrection", message="line 7: no text.")
    world.pod("Failed", 65, message=said.to_termination_message())
    world.fail("PodFailurePolicy")
    world.step()
    after = world.later(60)
    assert condition(after, "Finished") == ("False", "AwaitingReview")
    message = after.condition("Finished").message  # type: ignore[union-attr]
    assert "line 7: no text." in message
    assert "approve=translate.2.111111" in message
    world.change({"dubjob.dev/approve": "translate.2.111111"})
    world.finish()
    assert world.created[4:] == ["translate", "translate", "synthesize", "mux"]


def test_stage_can_be_reviewed_again_after_a_retry() -> None:
    world = World(reviewAfter=["translate"])
    awaiting(world)
    world.change({"dubjob.dev/approve": "translate.1.111111"})
    world.finish()
    world.change({"dubjob.dev/approve": "translate.1.111111", "dubjob.dev/retry": "translate@1"})
    world.step()
    world.step()
    world.succeed()
    assert condition(world.step(), "Finished") == ("False", "AwaitingReview")


def test_import_makes_the_stage_light() -> None:
    world = World()
    world.step()
    world.succeed(corrected=[Stage.TRANSCRIBE])
    world.step()
    world.step()
    world.succeed()
    world.step()
    world.step()
    assert world.created[-1] == "transcribe"
    assert last_request(world).import_only


def test_wishes_for_the_translation_reach_the_stage_and_repeat_only_what_follows() -> None:
    world = World()
    world.finish()
    world.change(translation={"formality": "Formal", "instructions": "For $(children)."})
    world.finish()
    assert world.created == [*STAGES, *STAGES[3:]]
    world = World(translation={"formality": "Formal", "instructions": "For $(children)."})
    up_to(world, "translate")
    wishes = last_request(world).translation
    assert (wishes.formality, wishes.instructions) == ("Formal", "For $(children).")
