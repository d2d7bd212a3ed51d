"""Another source language may select another audio track: ingest and separate then run again,
whatever they do at that moment and whichever write is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from planning_world import World
from unkind_cluster import Body, UnkindCluster, running_cluster

from dubjob_operator import names
from dubjob_operator.api.status import StageState
from dubjob_operator.cluster.errors import Conflict, Unavailable
from dubstage.contract import Stage, StageResult
from dubstage.contract.summary import StageSummary

CONFLICT = Conflict(409, "Conflict", "the object has been modified")
AWAY = Unavailable(500, "InternalError", "etcdserver: leader changed")
TWO_TRACKS: dict[str, Any] = {"summary": StageSummary(audio_tracks=2)}
LATER = [str(stage) for stage in Stage][1:]


def stage_of(job: Body) -> str:
    return str(job["metadata"]["labels"][names.STAGE_LABEL])


def open_jobs(cluster: UnkindCluster) -> list[str]:
    return [stage_of(job) for job in cluster.jobs.values() if not job["status"].get("conditions")]


def succeed(cluster: UnkindCluster, **report: Any) -> None:
    cluster.start_pod()
    cluster.look(1)
    cluster.end_pod(0, **report)
    cluster.look(1)


def dub_of_two_tracks(stages: int, **spec: Any) -> UnkindCluster:
    """A dub of which the first `stages` have succeeded."""
    cluster = UnkindCluster(**spec)
    cluster.look()
    for number in range(stages):
        succeed(cluster, **(TWO_TRACKS if number == 0 else {}))
    return cluster


def settle(cluster: UnkindCluster) -> None:
    for _ in range(3):
        cluster.look(1)
        cluster.end_terminating()
        assert len(open_jobs(cluster)) <= 1
    cluster.look(10)


def finish(cluster: UnkindCluster) -> None:
    """Finish the dub; the last ingest was for the language that the spec has now."""
    for _ in range(12):
        succeed(cluster, **(TWO_TRACKS if open_jobs(cluster) == ["ingest"] else {}))
        assert len(open_jobs(cluster)) <= 1
    condition = cluster.status.condition("Complete")
    assert condition
    assert condition.status == "True"
    assert cluster.languages[Stage.SEPARATE] == cluster.dubjob["spec"].get("sourceLanguage")


def waits(cluster: UnkindCluster) -> None:
    pass


def runs(cluster: UnkindCluster) -> None:
    cluster.start_pod()
    cluster.look(1)


def runs_unseen(cluster: UnkindCluster) -> None:
    cluster.start_pod()


@pytest.mark.parametrize("does", [waits, runs, runs_unseen])
def test_separate_that_has_not_ended_is_replaced(does: Callable[[UnkindCluster], None]) -> None:
    cluster = dub_of_two_tracks(1)
    does(cluster)
    cluster.change(sourceLanguage="de")
    settle(cluster)
    assert open_jobs(cluster) == ["ingest"]
    assert cluster.created == ["ingest", "separate", "ingest"]
    finish(cluster)
    assert cluster.created == ["ingest", "separate", "ingest", *LATER]


def transcribe_misses_its_input(cluster: UnkindCluster, missing_from: Stage) -> None:
    cluster.start_pod()
    cluster.look(1)
    cluster.stop_controllers()
    cluster.end_pod(66)
    result = StageResult(
        stage=Stage.TRANSCRIBE, reason="InputMissing", missing_from=missing_from
    ).to_termination_message()
    pod = list(cluster.pods.values())[-1]
    pod["status"]["containerStatuses"][0]["state"]["terminated"]["message"] = result
    cluster._changed("pods", pod)
    job = cluster.open_job()
    assert job
    reason = {"type": "Failed", "status": "True", "reason": "PodFailurePolicy"}
    job["status"] = {"failed": 1, "conditions": [reason]}
    cluster._changed("jobs", job)
    cluster.start_controllers()


@pytest.mark.parametrize("begins", [True, False])
@pytest.mark.parametrize("lost", [0, 1, 3])
def test_separate_runs_again_if_the_language_changes_after_a_rewind(
    begins: bool, lost: int
) -> None:
    """`begins`: ingest has a Job when the language changes. `lost`: writes of the status that are
    lost then."""
    cluster = dub_of_two_tracks(2)
    transcribe_misses_its_input(cluster, Stage.INGEST)
    if not begins:
        cluster.deliver()
        cluster.faults["POST jobs"] = (AWAY, False)
        cluster.reconcile()
        cluster.deliver()
        cluster.faults["POST jobs"] = (AWAY, False)
        cluster.reconcile()
    else:
        cluster.look(1)
    assert [(entry.name, entry.state) for entry in cluster.status.stages[:2]] == [
        ("ingest", StageState.PENDING), ("separate", StageState.SUCCEEDED),
    ]  # fmt: skip
    assert open_jobs(cluster) == ["ingest"] * begins
    cluster.created.clear()
    cluster.change(sourceLanguage="de")
    for _ in range(lost):
        cluster.deliver()
        cluster.faults["PUT status"] = (CONFLICT, False)
        assert cluster.reconcile() is CONFLICT
    settle(cluster)
    finish(cluster)
    assert cluster.created == ["ingest", *LATER]


def test_separate_does_not_run_again_for_other_speakers_after_a_rewind() -> None:
    cluster = dub_of_two_tracks(2)
    transcribe_misses_its_input(cluster, Stage.INGEST)
    cluster.look(1)
    cluster.created.clear()
    cluster.change(speakers={"min": 2})
    cluster.look(1)
    succeed(cluster, **TWO_TRACKS)
    assert cluster.created == ["transcribe"]


class ChangesAfterPost(UnkindCluster):
    """A user changes the language between the creation of a Job and the write of the status."""

    next_language: str | None = None

    def _post_jobs(self, path: str, body: Body) -> Body:
        created = super()._post_jobs(path, body)
        if self.next_language:
            self.change(sourceLanguage=self.next_language)
            self.next_language = None
        return created


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("restarts", [False, True])
def test_new_dub_follows_a_language_that_changes_before_its_first_status(
    ends: bool, restarts: bool
) -> None:
    cluster = ChangesAfterPost(sourceLanguage="en")
    cluster.next_language = "de"
    cluster.deliver()
    assert isinstance(cluster.reconcile(), Conflict)
    if ends:
        cluster.start_pod()
        cluster.end_pod(0, **TWO_TRACKS)
    if restarts:
        cluster.restart()
    settle(cluster)
    assert cluster.created == ["ingest", "ingest"]
    assert cluster.languages[Stage.INGEST] == "de"
    finish(cluster)
    assert cluster.created == ["ingest", "ingest", *LATER]


def test_one_track_is_the_right_one_in_any_language() -> None:
    cluster = ChangesAfterPost(sourceLanguage="en")
    cluster.next_language = "de"
    cluster.deliver()
    assert isinstance(cluster.reconcile(), Conflict)
    cluster.start_pod()
    cluster.end_pod(0, summary=StageSummary(audio_tracks=1))
    settle(cluster)
    assert cluster.created == ["ingest", "separate"]


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("retries", [False, True])
def test_complete_dub_follows_a_language_that_changes_twice(ends: bool, retries: bool) -> None:
    """The Job of the first change has the name that the Job of the second would have."""
    cluster = dub_of_two_tracks(6)
    cluster.created.clear()
    cluster.change(sourceLanguage="de")
    if retries:
        cluster.dubjob["metadata"]["annotations"] = {names.RETRY_ANNOTATION: "ingest@1"}
    cluster.deliver()
    cluster.faults["PUT status"] = (CONFLICT, False)
    assert cluster.reconcile() is CONFLICT
    if ends:
        cluster.start_pod()
        cluster.end_pod(0, **TWO_TRACKS)
    cluster.change(sourceLanguage="fr")
    settle(cluster)
    assert cluster.created == ["ingest", "ingest"]
    finish(cluster)
    assert cluster.created == ["ingest", "ingest", *LATER]


def test_ingest_waits_for_an_open_job_of_a_later_stage() -> None:
    """The status was not written, the Job of ingest has expired, and the operator restarts."""
    cluster = running_cluster()
    cluster.end_pod(0)
    cluster.deliver()
    cluster.expire_jobs()
    cluster.deliver()
    cluster.faults["PUT status"] = (AWAY, False)
    assert cluster.reconcile() is AWAY
    cluster.restart()
    cluster.look(1)
    assert cluster.created == ["ingest", "separate"]
    finish(cluster)
    assert cluster.created == ["ingest", "separate", "ingest", *LATER[1:]]


@pytest.mark.parametrize(
    ("changed", "again"),
    [({"sourceLanguage": "de"}, ["ingest"]), ({"speakers": {"min": 2}}, []), ({}, [])],
)
def test_job_of_an_older_version_does_not_name_its_language(
    changed: dict[str, Any], again: list[str]
) -> None:
    world = World()
    world.step()
    world.pod("Running")
    world.step()
    for job in world.jobs.values():
        del job["metadata"]["annotations"][names.SOURCE_LANGUAGE_ANNOTATION]
    if changed:
        world.change(**changed)
    world.step()
    world.pods.clear()
    world.finish(**TWO_TRACKS)
    assert world.created == ["ingest", *again, *LATER]


def test_unknown_number_of_tracks_starts_nothing_again() -> None:
    """An image of an older version does not report it."""
    world = World()
    world.finish()
    world.created.clear()
    world.change(sourceLanguage="de")
    world.finish()
    assert world.created == LATER[1:]


def test_ingest_that_has_not_started_starts_once() -> None:
    world = World(suspend=True)
    world.step()
    world.change(sourceLanguage="de", suspend=False)
    assert world.step().stages[0].run == 1
    world.finish(**TWO_TRACKS)
    assert world.created == ["ingest", *LATER]


@pytest.mark.parametrize("language", [None, "en"])
def test_new_dub_runs_every_stage_once(language: str | None) -> None:
    world = World(sourceLanguage=language)
    after = world.finish(**TWO_TRACKS)
    assert world.created == ["ingest", *LATER]
    assert {entry.run for entry in after.stages} == {1}


def test_ingest_without_a_given_language_goes_on_for_other_speakers() -> None:
    world = World(sourceLanguage=None)
    world.step()
    world.change(speakers={"min": 2})
    world.finish(**TWO_TRACKS)
    assert world.created == ["ingest", *LATER]
