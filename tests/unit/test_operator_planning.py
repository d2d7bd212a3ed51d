"""plan and status: values in, values out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from planning_world import NOW, World, dubjob, profile

from dubjob_operator import names
from dubjob_operator.api.status import StageState
from dubjob_operator.planning.manifests import job_name, stage_job
from dubjob_operator.planning.pipeline import input_hashes
from dubjob_operator.planning.stage_entry import first
from dubjob_operator.planning.transitions import transitions
from dubstage.contract import Stage, StageRequest, StageResult
from dubstage.contract.summary import StageSummary


def test_six_stages_run_in_their_order() -> None:
    world = World()
    after = world.finish()
    assert world.created == [str(stage) for stage in Stage]
    assert after.progress == 100
    assert (after.source_language, after.target_language) == ("en", "es")
    conditions = {entry.type: entry.status for entry in after.conditions}
    assert conditions == {"Complete": "True", "Finished": "True"}
    assert world.events[-1] == "Completed All stages have succeeded."


def test_finished_dubjob_is_not_changed() -> None:
    world = World()
    world.finish()
    world.jobs.clear()
    world.pods.clear()
    before = world.dubjob.status
    world.now += timedelta(days=1)
    assert world.step() == before
    assert len(world.created) == 6


def test_no_stage_starts_while_a_pod_is_running() -> None:
    world = World()
    world.step()
    world.pod("Running")
    world.jobs.clear()  # deleted by hand; its pod is still ending
    world.step()
    assert world.created == ["ingest"]
    world.pods.clear()
    world.step()
    assert world.created == ["ingest", "ingest"]


def test_reusable_stages_are_not_run() -> None:
    world = World()
    world.step()
    world.succeed(reusable=list(Stage)[1:])
    after = world.step()
    assert world.created == ["ingest"]
    assert after.condition("Complete").status == "True"  # type: ignore[union-attr]
    assert [stage.reused for stage in after.stages] == [None, *[True] * 5]


def test_reuse_does_not_apply_to_a_changed_spec() -> None:
    world = World()
    world.step()
    world.succeed(reusable=list(Stage)[1:])
    changed = dubjob(2, world.dubjob.status, targetLanguage="ca")
    world.dubjob = changed
    world.step()
    assert world.step().of("separate").state is not StageState.SUCCEEDED  # type: ignore[union-attr]


def test_changed_target_language_runs_three_stages() -> None:
    world = World()
    world.finish()
    world.dubjob = dubjob(2, world.dubjob.status, targetLanguage="ca")
    world.created.clear()
    world.finish()
    assert world.created == ["translate", "synthesize", "mux"]


def test_reverted_language_runs_again_under_another_name() -> None:
    world = World()
    world.finish()
    first = set(world.jobs)
    for generation, language in ((2, "ca"), (3, "es")):
        world.dubjob = dubjob(generation, world.dubjob.status, targetLanguage=language)
        world.created.clear()
        world.finish()
        assert world.created == ["translate", "synthesize", "mux"]
    assert len(set(world.jobs) - first) == 6


def test_running_stage_is_replaced_if_its_work_changes() -> None:
    world = World()
    for _ in range(3):
        world.step()
        world.succeed()
    world.step()
    assert world.created[-1] == "translate"
    world.pod("Running")
    world.step()
    world.dubjob = dubjob(2, world.dubjob.status, targetLanguage="ca")
    for _ in range(3):
        world.step()
    assert world.created == ["ingest", "separate", "transcribe", "translate", "translate"]
    assert len([job for job in world.jobs.values()
                if job["metadata"]["labels"][names.STAGE_LABEL] == "translate"]) == 1  # fmt: skip


@pytest.mark.parametrize(
    ("code", "reason", "message", "expected", "says"),
    [
        (65, "Error", StageResult(stage=Stage.INGEST, reason="SourceEmpty",
         message="It is empty.").to_termination_message(), "SourceEmpty", "It is empty."),
        (137, "OOMKilled", "", "OOMKilled", "96Mi"),
        (1, "Error", "Traceback (most recent call last)", "ExitCode", "code 1"),
    ],
)  # fmt: skip
def test_failure_message_states_what_happened(
    code: int, reason: str, message: str, expected: str, says: str
) -> None:
    world = World()
    world.step()
    world.pod("Failed", code, reason=reason, message=message)
    world.fail()
    after = world.step()
    finished = after.condition("Finished")
    assert finished is not None
    assert (finished.status, finished.reason) == ("True", expected)
    assert says in finished.message
    assert "Traceback" not in finished.message
    assert after.condition("Failed").reason == expected  # type: ignore[union-attr]
    assert after.condition("Stalled").status == "True"  # type: ignore[union-attr]
    assert world.created == ["ingest"]


def test_bad_input_fails_before_the_job_controller_reacts() -> None:
    world = World()
    world.step()
    text = StageResult(stage=Stage.INGEST, reason="NoAudioStream", message="No audio.")
    world.pod("Failed", 65, message=text.to_termination_message())
    assert world.step().condition("Failed").reason == "NoAudioStream"  # type: ignore[union-attr]


def test_changed_spec_restarts_a_failed_dubjob() -> None:
    world = World(targetLanguage="tlh")
    world.step()
    world.pod("Failed", 65)
    world.fail()
    world.step()
    world.dubjob = dubjob(2, world.dubjob.status, targetLanguage="es")
    world.step()
    assert world.created == ["ingest", "ingest"]


def test_evicted_pod_starts_another_attempt() -> None:
    world = World()
    world.step()
    world.pod("Running")
    world.step()
    disrupted = [{"type": "DisruptionTarget", "status": "True"}]
    world.pod("Failed", 143, conditions=disrupted)
    assert world.step().stages[0].state is StageState.RETRYING
    world.pods.clear()
    world.pod("Running", suffix="b")
    after = world.step()
    assert after.stages[0].state is StageState.RUNNING
    assert after.stages[0].attempts == 2


def test_missing_file_runs_its_stage_again() -> None:
    world = World()
    for _ in range(2):
        world.step()
        world.succeed()
    world.step()
    assert world.created[-1] == "transcribe"
    gone = StageResult(stage=Stage.TRANSCRIBE, reason="InputMissing", missing_from=Stage.SEPARATE)
    world.pod("Failed", 66, message=gone.to_termination_message())
    world.fail("PodFailurePolicy")
    world.step()
    world.step()
    assert world.created == ["ingest", "separate", "transcribe", "separate"]


@pytest.mark.parametrize(("tracks", "again"), [(1, []), (2, ["ingest", "separate"])])
def test_changed_source_language_may_select_another_audio_track(
    tracks: int, again: list[str]
) -> None:
    world = World()
    world.finish(summary=StageSummary(audio_tracks=tracks))
    world.created.clear()
    world.change(sourceLanguage="de")
    world.finish(summary=StageSummary(audio_tracks=tracks))
    assert world.created == [*again, "transcribe", "translate", "synthesize", "mux"]


@pytest.mark.parametrize(
    ("changed", "again"),
    [({"sourceLanguage": "de"}, ["ingest"]), ({"speakers": {"min": 2}}, [])],
)
@pytest.mark.parametrize("phase", [None, "Pending", "Running"])
def test_ingest_that_looks_for_another_language_is_replaced(
    changed: dict[str, Any], again: list[str], phase: str | None
) -> None:
    """It has chosen an audio track by the language of its request."""
    world = World()
    world.step()
    if phase:
        world.pod(phase)
        world.step()
    world.change(**changed)
    world.pods.clear()
    world.finish(summary=StageSummary(audio_tracks=2))
    assert world.created == ["ingest", *again, *map(str, list(Stage)[1:])]


def test_missing_profile_is_awaited_until_the_deadline() -> None:
    world = World(deadlines={"startSeconds": 60})
    world.profile = None
    assert world.step().condition("Finished").reason == "ProfileNotFound"  # type: ignore[union-attr]
    world.now += timedelta(seconds=59)
    assert world.step().condition("Failed") is None
    world.now += timedelta(seconds=2)
    finished = world.step().condition("Finished")
    assert finished is not None
    assert finished.reason == "StartDeadlineExceeded"
    assert "default" in finished.message
    assert world.created == []


def test_profile_is_used_once_it_is_created() -> None:
    world = World()
    world.profile = None
    world.step()
    world.profile = profile()
    world.finish()
    assert len(world.created) == 6


def test_profile_of_other_namespaces_is_not_used() -> None:
    world = World()
    world.profile = profile(allowedNamespaces=["elsewhere"])
    assert world.step().condition("Finished").reason == "ProfileForbidden"  # type: ignore[union-attr]


def test_unpullable_image_fails_the_dubjob() -> None:
    world = World(deadlines={"startSeconds": 30})
    world.step()
    world.pod("Pending", waiting="ErrImageNeverPull")
    assert world.later(6).stages[0].state is StageState.PULLING
    world.now += timedelta(seconds=31)
    assert world.step().condition("Failed").reason == "StartDeadlineExceeded"  # type: ignore[union-attr]
    world.step()
    assert not world.jobs


def test_waiting_for_a_gpu_has_no_limit() -> None:
    world = World(deadlines={"startSeconds": 30})
    world.step()
    message = "0/1 nodes: 1 Insufficient nvidia.com/gpu."
    refused = {"type": "PodScheduled", "status": "False", "message": message}
    world.pod("Pending", conditions=[refused])
    world.later(6)
    world.now += timedelta(days=3)
    after = world.step()
    assert after.stages[0].state is StageState.QUEUED
    assert "nvidia.com/gpu" in after.condition("Finished").message  # type: ignore[union-attr]


def test_transitions_are_reported_once_and_in_order() -> None:
    world = World()
    seen: list[str] = []
    for _ in range(8):
        before = world.dubjob
        after = world.step()
        names_ = [event.name for event in transitions(before.metadata, before.status, after)]
        assert names_ == [
            event.name for event in transitions(before.metadata, before.status, after)
        ]
        seen += names_
        if world.jobs and after.stage is not None:
            world.pod("Running")
            before = world.dubjob
            seen += [
                event.name for event in transitions(before.metadata, before.status, world.step())
            ]
            world.succeed()
    assert len(seen) == len(set(seen)) == 13
    assert seen == sorted(seen)


def test_input_hash_covers_the_relevant_fields() -> None:
    plain = input_hashes(dubjob())
    assert input_hashes(dubjob(backoffLimit=5, deadlines={"startSeconds": 5})) == plain
    assert input_hashes(dubjob(jobID="talk", source={"path": "talk/source.mp4"})) == plain
    other = input_hashes(dubjob(targetLanguage="ca"))
    assert [stage for stage in Stage if other[stage] != plain[stage]] == list(Stage)[3:]
    by_name = input_hashes(dubjob(profileRef={"name": "gpu"}))
    of_cluster = input_hashes(dubjob(profileRef={"kind": "ClusterDubProfile", "name": "gpu"}))
    assert input_hashes(dubjob(profileRef={"kind": "DubProfile", "name": "gpu"})) == by_name
    for stage in Stage:
        assert len({plain[stage], by_name[stage], of_cluster[stage]}) == 3


def test_pod_is_restricted_and_gets_its_request() -> None:
    entry = first(Stage.INGEST, "0123", NOW)
    job = stage_job(dubjob(jobID="folder"), profile(securityContext={"runAsUser": 4321}), entry)
    assert job["metadata"]["name"] == job_name(dubjob(), entry)
    pod = job["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsUser"] == 4321
    assert pod["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    assert container["command"] == ["dubstage", "run"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    mounts = {
        mount["mountPath"]: mount.get("readOnly", False) for mount in container["volumeMounts"]
    }
    assert mounts == {
        "/data/inputs": True, "/data/interim/folder": False, "/data/outputs/folder": False,
        "/models": True, "/scratch": False,
    }  # fmt: skip
    request = StageRequest.model_validate_json(container["env"][0]["value"])
    assert request.source == "folder/source.mp4"
    assert request.job_id == "folder"
    rules = job["spec"]["podFailurePolicy"]["rules"]
    assert [rule["action"] for rule in rules] == ["Ignore", "FailJob"]
    assert rules[1]["onExitCodes"]["values"] == [65, 66, 78]


@pytest.mark.parametrize("name", ["a", "a" * 63, "b." * 60 + "c"])
def test_names_are_valid_for_kubernetes(name: str) -> None:
    long = dubjob()
    long = long.model_copy(update={"metadata": long.metadata.model_copy(update={"name": name})})
    job = stage_job(long, profile(), first(Stage.SYNTHESIZE, "0123", NOW))
    assert len(job["metadata"]["name"]) <= 63
    assert all(len(value) <= 63 for value in job["metadata"]["labels"].values())
