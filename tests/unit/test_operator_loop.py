"""The whole loop of gather, plan, apply and write, with requests that fail at a chosen point."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from unkind_cluster import LOOP, UnkindCluster, running_cluster

from dubjob_operator.api.status import StageState
from dubjob_operator.cluster.cached_object import CachedProfile
from dubjob_operator.cluster.errors import ApiError, Conflict, NotLeading, Unavailable
from dubjob_operator.cluster.expectations import EXPECTATION_SECONDS
from dubstage.contract import Stage
from dubstage.contract.summary import StageSummary

CONFLICT = Conflict(409, "Conflict", "the object has been modified")
AWAY = Unavailable(500, "InternalError", "etcdserver: leader changed")
SHUTDOWN = NotLeading(0, "NotLeading", "another replica is the leader")
CALLS = ["POST jobs", "DELETE jobs", "PUT status", "POST events"]
ERRORS = [CONFLICT, AWAY, SHUTDOWN]


def finished(cluster: UnkindCluster) -> tuple[str, str]:
    found = cluster.status.condition("Finished")
    assert found
    return found.status, found.reason


def run_to_the_end(cluster: UnkindCluster) -> None:
    for _ in range(80):
        cluster.end_terminating()
        cluster.look(1)
        if finished(cluster)[0] == "True":
            return
        cluster.start_pod()
        cluster.look(1)
        succeed(cluster)
    raise AssertionError(cluster.status)


def test_dub_completes() -> None:
    cluster = UnkindCluster()
    cluster.look()
    run_to_the_end(cluster)
    assert finished(cluster) == ("True", "Completed")
    assert cluster.created == [str(stage) for stage in Stage]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.reason)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("takes_effect", [True, False])
@pytest.mark.parametrize("restarts", [True, False])
def test_deadline_holds_whatever_write_is_lost(
    call: str, error: ApiError, takes_effect: bool, restarts: bool
) -> None:
    cluster = UnkindCluster(deadlines={"activeSeconds": 100})
    cluster.look()
    cluster.start_pod()
    cluster.look(10)
    cluster.faults[call] = (error, takes_effect)
    cluster.now += timedelta(seconds=100)
    cluster.deliver()
    cluster.reconcile()
    if restarts:
        cluster.restart()
    for _ in range(3):
        cluster.look(5)
        cluster.end_terminating()
    assert finished(cluster) == ("True", "DeadlineExceeded")
    assert cluster.created == ["ingest"]
    assert not cluster.jobs
    lost = restarts and (call == "POST events" or (call == "PUT status" and takes_effect))
    assert lost or "StageFailed" in cluster.events


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.reason)
@pytest.mark.parametrize("takes_effect", [True, False])
def test_lost_write_repeats_no_stage(call: str, error: ApiError, takes_effect: bool) -> None:
    cluster = UnkindCluster()
    for _ in range(30):
        cluster.faults[call] = (error, takes_effect)
        cluster.look(3)
        cluster.end_terminating()
        cluster.start_pod()
        cluster.look(3)
        cluster.end_pod(0)
    cluster.faults.clear()
    cluster.look(10)
    assert finished(cluster) == ("True", "Completed")
    assert cluster.created == [str(stage) for stage in Stage]


@pytest.mark.parametrize("seconds", [0, 1, 5])
@pytest.mark.parametrize("second_call", ["PUT status", "POST events"])
def test_event_is_emitted_though_the_answer_is_lost_and_the_watch_lags(
    seconds: int, second_call: str
) -> None:
    cluster = running_cluster(backoffLimit=0)
    cluster.end_pod(65)
    cluster.deliver("jobs", "pods")
    cluster.faults["PUT status"] = (AWAY, True)
    assert cluster.reconcile() is AWAY
    for _ in range(3):
        cluster.now += timedelta(seconds=seconds)
        assert isinstance(cluster.reconcile(), Conflict)
    assert "StageFailed" not in cluster.events, "nobody has read that it is recorded"
    cluster.faults[second_call] = (AWAY, False)
    cluster.look(1)
    assert "StageFailed" in cluster.events
    assert "ExitCode" in cluster.events


def test_write_that_never_arrives_has_no_event() -> None:
    cluster = running_cluster(backoffLimit=0)
    cluster.end_pod(65)
    cluster.deliver()
    cluster.faults["PUT status"] = (SHUTDOWN, False)
    assert cluster.reconcile() is SHUTDOWN
    assert set(cluster.events) == {"StageStarted"}
    # A newer operator leads for a while, and writes what this one cannot read.
    cluster.dubjob["status"]["stages"] = "something else"
    cluster.touch()
    cluster.deliver()
    cluster.faults["PUT status"] = (SHUTDOWN, False)
    assert cluster.reconcile() is SHUTDOWN, "the write that says so"
    assert set(cluster.events) == {"StageStarted"}


def loses_the_lease(call: str, *, takes_effect: bool) -> UnkindCluster:
    """A cluster whose first stage has started, and whose replica loses the Lease at that call."""
    cluster = UnkindCluster()
    cluster.look()
    cluster.start_pod()
    cluster.deliver()
    cluster.faults[call] = (NotLeading(0, "NotLeading", "the Lease has lapsed"), takes_effect)
    assert isinstance(cluster.reconcile(), NotLeading)
    return cluster


@pytest.mark.parametrize("takes_effect", [True, False])
@pytest.mark.parametrize("call", ["PUT status", "POST events"])
def test_replica_that_leads_again_repeats_no_event_of_another(
    call: str, takes_effect: bool
) -> None:
    cluster = loses_the_lease(call, takes_effect=takes_effect)
    cluster.change_leader()
    run_to_the_end(cluster)
    assert "Completed" in cluster.events
    cluster.expire_events()
    cluster.change_leader()
    cluster.look(5 * 3600)
    assert cluster.events == {}


@pytest.mark.parametrize("call", ["PUT status", "POST events"])
def test_event_of_a_write_before_the_lease_lapsed_is_emitted(call: str) -> None:
    """No other replica has led meanwhile, so that nobody else emits it."""
    cluster = loses_the_lease(call, takes_effect=True)
    cluster.reconciler.stand_by(cluster.key)
    cluster.look(30)
    assert "StageStarted" in cluster.events


def test_expired_job_counts_with_its_outcome() -> None:
    """The operator was away, or busy, for longer than the time to live."""
    cluster = running_cluster(backoffLimit=0)
    cluster.end_pod(65)
    cluster.expire_jobs()
    cluster.look(1)
    assert finished(cluster) == ("True", "ExitCode")
    assert cluster.created == ["ingest"]
    assert not cluster.cache.ended_jobs.every()
    assert not cluster.cache.ended_pods.every()


@pytest.mark.parametrize("order", [("jobs", "pods"), ("pods", "jobs")])
def test_expired_success_counts(order: tuple[str, str]) -> None:
    cluster = running_cluster()
    cluster.end_pod(0)
    cluster.deliver("pods", "jobs")
    cluster.expire_jobs()
    cluster.deliver(*order)
    cluster.look(1)
    assert cluster.created == ["ingest", "separate"]
    assert cluster.status.stages[0].state == StageState.SUCCEEDED


def spec_is_invalid(cluster: UnkindCluster) -> None:
    cluster.change(targetLanguage=5)


def status_is_unreadable(cluster: UnkindCluster) -> None:
    cluster.dubjob["status"]["stages"][0]["run"] = "first"
    cluster.touch()


@pytest.mark.parametrize("happens", [spec_is_invalid, status_is_unreadable])
@pytest.mark.parametrize("stands_by", [True, False])
def test_success_counts_though_its_job_expires_while_the_dubjob_cannot_be_read(
    happens: Callable[[UnkindCluster], None], stands_by: bool
) -> None:
    """`stands_by`: the Lease lapses for a while."""
    cluster = running_cluster()
    happens(cluster)
    steps: list[Callable[[], None]] = [
        lambda: None,
        lambda: cluster.end_pod(0),
        cluster.expire_jobs,
    ]
    for step in steps:
        step()
        cluster.deliver()
        cluster.reconcile()
    if stands_by:
        cluster.reconciler.stand_by(cluster.key)
    cluster.dubjob["status"]["stages"][0]["run"] = 1
    cluster.change(targetLanguage="es")
    cluster.look(1)
    assert cluster.created == ["ingest", "separate"]
    assert cluster.status.stages[0].state == StageState.SUCCEEDED
    assert not cluster.cache.ended(cluster.key)


@pytest.mark.parametrize(
    ("error", "takes_effect"),
    [
        (Conflict(409, "Conflict", "Operation cannot be fulfilled on resourcequotas"), False),
        (AWAY, True),
        (Unavailable(0, "TimeoutError", "POST jobs"), True),
    ],
)
def test_job_that_was_created_is_not_reported_as_missing(
    error: ApiError, takes_effect: bool
) -> None:
    cluster = UnkindCluster()
    cluster.faults["POST jobs"] = (error, takes_effect)
    cluster.deliver()
    assert cluster.reconcile() is None
    assert finished(cluster) == ("False", "Pending")
    assert cluster.created == ["ingest"]
    cluster.look(1)
    assert "JobNotCreated" not in cluster.events


@pytest.mark.parametrize("takes_effect", [True, False])
def test_job_that_may_exist_is_not_reported_as_missing(
    takes_effect: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its creation nor a read of it is answered."""
    cluster = UnkindCluster()

    async def request(method: str, path: str, **_: Any) -> dict[str, Any]:
        raise AWAY

    with monkeypatch.context() as patched:
        patched.setattr(cluster, "request", request)
        cluster.faults["POST jobs"] = (AWAY, takes_effect)
        cluster.deliver()
        assert LOOP.run(cluster.reconciler.reconcile(cluster.key)) == EXPECTATION_SECONDS
    assert finished(cluster) == ("False", "Pending")
    cluster.now += timedelta(seconds=EXPECTATION_SECONDS)
    cluster.deliver("dubjobs")
    assert cluster.reconcile() is None
    assert cluster.created == ["ingest"]
    assert cluster.events == {}


def test_outcomes_of_a_deleted_dubjob_are_not_kept() -> None:
    cluster = running_cluster()
    cluster.end_pod(0)
    cluster.deliver()
    cluster.cache.dubjobs.remove(cluster.dubjob["metadata"]["uid"])
    cluster.expire_jobs()
    cluster.deliver("jobs", "pods")
    assert not cluster.cache.ended_jobs.every()


def test_status_that_was_lost_is_found_again() -> None:
    """A restored backup has no status; what the Jobs say still counts."""
    cluster = running_cluster()
    clear_status(cluster)
    cluster.restart()
    cluster.look(1)
    run_to_the_end(cluster)
    assert cluster.created == [str(stage) for stage in Stage]


def clear_status(cluster: UnkindCluster) -> None:
    """Somebody replaces the DubJob with its status, or restores a backup without it."""
    cluster.dubjob["status"] = {}
    cluster.touch()


def retry(cluster: UnkindCluster) -> None:
    cluster.dubjob["metadata"]["annotations"] = {"dubjob.dev/retry": f"ingest@{cluster.now}"}
    cluster.touch()


@pytest.mark.parametrize("retries", [1, 3])
def test_retry_goes_on_after_its_status_was_lost(retries: int) -> None:
    cluster = running_cluster(backoffLimit=0)
    cluster.end_pod(65)
    cluster.look(1)
    assert finished(cluster) == ("True", "ExitCode")
    for _ in range(retries):
        retry(cluster)
        cluster.look(1)
        cluster.look(10)
    cluster.start_pod()
    cluster.look(1)
    clear_status(cluster)
    cluster.look(1)
    assert finished(cluster)[0] == "False"
    assert len(cluster.live()) == 1
    assert cluster.status.stages[0].run == 1 + retries
    run_to_the_end(cluster)
    assert finished(cluster) == ("True", "Completed")


def test_stages_that_ended_within_one_second_count_after_a_status_was_lost() -> None:
    """The times of their Jobs are the same."""
    cluster = UnkindCluster()
    cluster.look()
    for _ in range(2):
        cluster.start_pod()
        cluster.end_pod(0)
        cluster.look()
    clear_status(cluster)
    run_to_the_end(cluster)
    assert cluster.created == [str(stage) for stage in Stage]


@pytest.mark.parametrize("change", [retry, lambda cluster: cluster.change(sourceLanguage="de")])
def test_results_of_an_earlier_run_do_not_count_after_a_status_was_lost(
    change: Callable[[UnkindCluster], None],
) -> None:
    cluster = complete_dub_of_two_tracks()
    change(cluster)
    cluster.look(60)
    assert cluster.created == ["ingest"]
    clear_status(cluster)
    cluster.look(1)
    assert [entry.run for entry in cluster.status.stages[:2]] == [2, 2]
    run_to_the_end(cluster)
    assert cluster.created == [str(stage) for stage in Stage]


def test_lost_node_holds_the_next_run_until_its_pod_is_gone() -> None:
    cluster = running_cluster(deadlines={"startSeconds": 300})
    cluster.lose_node()
    cluster.look(1)
    cluster.look(95)
    assert finished(cluster) == ("False", "NodeLost")
    cluster.look(301)
    assert finished(cluster) == ("True", "StartDeadlineExceeded")
    cluster.dubjob["metadata"]["annotations"] = {"dubjob.dev/retry": "failed@1"}
    cluster.touch()
    cluster.look(1)
    assert cluster.created == ["ingest"]
    cluster.end_terminating()
    cluster.look(1)
    assert cluster.created == ["ingest", "ingest"]


@pytest.mark.parametrize("stopped_before", ["the pod", "its end"])
@pytest.mark.parametrize("restarts", [True, False])
def test_controller_manager_may_be_away_for_an_hour(stopped_before: str, restarts: bool) -> None:
    cluster = UnkindCluster(deadlines={"startSeconds": 600})
    cluster.look()
    if stopped_before == "the pod":
        cluster.stop_controllers()
    cluster.start_pod()
    cluster.look(1)
    cluster.stop_controllers()
    cluster.end_pod(0)
    if restarts:
        cluster.restart()
    for _ in range(60):
        cluster.look(60)
        assert finished(cluster)[0] == "False"
    cluster.start_controllers()
    run_to_the_end(cluster)
    assert finished(cluster) == ("True", "Completed")
    assert cluster.created == [str(stage) for stage in Stage]


@pytest.mark.parametrize("stages", range(1, len(Stage)))
def test_rollback_repeats_nothing_and_keeps_what_a_newer_version_wrote(stages: int) -> None:
    cluster = UnkindCluster()
    cluster.look()
    for _ in range(stages):
        cluster.start_pod()
        cluster.look(1)
        cluster.end_pod(0)
        cluster.look(1)
    cluster.roll_back()
    run_to_the_end(cluster)
    assert finished(cluster) == ("True", "Completed")
    assert cluster.created == [str(stage) for stage in Stage]
    assert cluster.dubjob["status"].items() >= cluster.newer_fields.items()
    assert [entry.get("shard") for entry in cluster.dubjob["status"]["stages"]].count(1) >= stages


@pytest.mark.parametrize("restarts", [True, False])
def test_status_of_one_dub_lags_while_others_wait(restarts: bool) -> None:
    """At most five seconds: stages that take one second each are written in pairs."""
    cluster = UnkindCluster()
    cluster.look()
    cluster.is_busy = True
    written: list[int] = []
    for _ in Stage:
        cluster.start_pod()
        cluster.look(1)
        cluster.end_pod(0)
        cluster.calls.clear()
        cluster.deliver()
        cluster.reconcile()
        written.append(cluster.calls.count("PUT status"))
        if restarts:
            cluster.restart()
    assert cluster.created == [str(stage) for stage in Stage]
    assert written == [0, 0, 0, 0, 0, 1]
    assert finished(cluster) == ("True", "Completed")


def test_lagging_status_is_written_within_five_seconds() -> None:
    cluster = UnkindCluster()
    cluster.look()
    cluster.is_busy = True
    cluster.start_pod()
    cluster.end_pod(0)
    cluster.deliver()
    assert LOOP.run(cluster.reconciler.reconcile(cluster.key)) == 5.0
    assert cluster.status.stages[0].state != StageState.SUCCEEDED
    cluster.now += timedelta(seconds=5)
    cluster.deliver()
    cluster.reconcile()
    assert cluster.status.stages[0].state == StageState.SUCCEEDED


@pytest.mark.parametrize("order", [("jobs", "pods"), ("pods", "jobs")])
def test_status_does_not_lag_behind_a_job_that_is_gone(order: tuple[str, str]) -> None:
    cluster = UnkindCluster()
    cluster.look()
    cluster.is_busy = True
    cluster.start_pod()
    cluster.look(1)
    cluster.end_pod(0)
    cluster.deliver("pods", "jobs")
    cluster.expire_jobs()
    cluster.deliver(*order)
    cluster.reconcile()
    cluster.restart()
    cluster.look(1)
    assert cluster.created == ["ingest", "separate"]
    assert cluster.status.stages[0].state == StageState.SUCCEEDED


@pytest.mark.parametrize("write", ["PUT status", "POST events"])
def test_nothing_is_lost_if_the_operator_ends_while_a_status_lags(write: str) -> None:
    """The Job of the finished stage is deleted before the next operator starts."""
    cluster = running_cluster()
    cluster.is_busy = True
    cluster.end_pod(0)
    cluster.deliver()
    cluster.reconcile()
    assert cluster.created == ["ingest", "separate"]
    assert cluster.status.stages[0].state == StageState.RUNNING
    cluster.start_pod()
    cluster.expire_jobs()
    cluster.faults[write] = (AWAY, True)
    cluster.restart()
    cluster.is_busy = False
    cluster.look(1)
    assert len(cluster.live()) == 1, "separate goes on"
    run_to_the_end(cluster)
    assert finished(cluster) == ("True", "Completed")
    assert cluster.created.count("separate") == 1


@pytest.mark.parametrize(
    ("report", "stage", "field"),
    [
        ({"reusable": [Stage.SEPARATE, Stage.TRANSCRIBE]}, "transcribe", "reused"),
        ({"corrected": [Stage.SEPARATE]}, "separate", "imports"),
    ],
)
def test_what_is_reused_or_imported_is_written_at_once(
    report: dict[str, Any], stage: str, field: str
) -> None:
    """The Job of the next stage does not say it."""
    cluster = running_cluster()
    cluster.is_busy = True
    cluster.end_pod(0, **report)
    cluster.deliver()
    cluster.reconcile()
    cluster.start_pod()
    cluster.look(1)
    entry = cluster.status.of(stage)
    assert entry
    assert getattr(entry, field) is True


def test_another_profile_is_written_at_once() -> None:
    cluster = running_cluster()
    cluster.is_busy = True
    found = cluster.cache.profiles.of((cluster.key[0], "default"))[0].raw
    cluster.cache.profiles.remove("profile")
    cluster.cache.cluster_profiles.put(("", "default"), CachedProfile.of(found))
    cluster.end_pod(0)
    cluster.look(1)
    assert cluster.created == ["ingest", "separate"]
    assert str(cluster.status.profile_ref) == "ClusterDubProfile default"


def test_audio_track_is_chosen_again_though_the_status_lags() -> None:
    cluster = running_cluster()
    cluster.is_busy = True
    cluster.end_pod(0, summary=StageSummary(audio_tracks=2))
    cluster.deliver()
    cluster.reconcile()
    assert cluster.status.stages[0].state == StageState.RUNNING
    cluster.change(sourceLanguage="de")
    cluster.look(1)
    assert cluster.status.stages[0].run == 2


def complete_dub_of_two_tracks(**spec: Any) -> UnkindCluster:
    cluster = UnkindCluster(**spec)
    reports: dict[int, dict[str, Any]] = {
        0: {"summary": StageSummary(audio_tracks=2)},
        2: {"source_language": "en"},
    }
    for number in range(len(Stage)):
        cluster.look(1)
        cluster.start_pod()
        cluster.look(1)
        cluster.end_pod(0, **reports.get(number, {}))
    cluster.look(1)
    assert finished(cluster) == ("True", "Completed")
    cluster.created.clear()
    return cluster


@pytest.mark.parametrize("language", [None, "en"])
@pytest.mark.parametrize("lost", [1, 3])
@pytest.mark.parametrize("ends", [False, True])
def test_ingest_starts_once_after_a_change_whose_status_is_lost(
    language: str | None, lost: int, ends: bool
) -> None:
    """`ends`: it ends before the status is written."""
    given = {"sourceLanguage": language} if language else {}
    cluster = complete_dub_of_two_tracks(**given)
    cluster.change(glossaryRef={"name": "terms"})
    for _ in range(lost):
        cluster.deliver()
        cluster.faults["PUT status"] = (CONFLICT, False)
        assert cluster.reconcile() is CONFLICT
        cluster.start_pod()
    if ends:
        cluster.end_pod(0, summary=StageSummary(audio_tracks=2))
    cluster.look(1)
    cluster.end_terminating()
    cluster.look(1)
    assert cluster.created == ["ingest", *["separate"] * ends]
    assert cluster.status.stages[0].run == 2


@pytest.mark.parametrize("ends", [False, True])
def test_ingest_follows_a_language_that_changes_after_a_status_is_lost(ends: bool) -> None:
    cluster = complete_dub_of_two_tracks()
    cluster.change(glossaryRef={"name": "terms"})
    cluster.deliver()
    cluster.faults["PUT status"] = (CONFLICT, False)
    assert cluster.reconcile() is CONFLICT
    cluster.start_pod()
    if ends:
        cluster.end_pod(0, summary=StageSummary(audio_tracks=2))
    cluster.change(sourceLanguage="de")
    for _ in range(2):
        cluster.look(1)
        cluster.end_terminating()
    cluster.look(1)
    assert cluster.created == ["ingest", "ingest"]
    assert cluster.status.stages[0].run == 3


def job_is_deleted(cluster: UnkindCluster) -> None:
    cluster.start_pod()
    cluster.look(1)
    cluster.delete_job(next(iter(cluster.jobs)))
    cluster.end_terminating()


def job_was_not_created(cluster: UnkindCluster) -> None:
    cluster.delete_job(next(iter(cluster.jobs)))
    cluster.deliver()
    cluster.reconcile()
    cluster.now += timedelta(seconds=10)
    cluster.faults["POST jobs"] = (AWAY, False)
    assert cluster.reconcile() is AWAY
    assert finished(cluster) == ("False", "JobNotCreated")


@pytest.mark.parametrize("happens", [job_is_deleted, job_was_not_created])
def test_only_a_success_is_written_later(happens: Callable[[UnkindCluster], None]) -> None:
    cluster = UnkindCluster()
    cluster.look()
    happens(cluster)
    cluster.is_busy = True
    cluster.deliver()
    cluster.calls.clear()
    cluster.reconcile()
    assert cluster.calls[:2] == ["POST jobs", "PUT status"]


Action = Callable[[UnkindCluster], object]


def tick(cluster: UnkindCluster) -> None:
    """Time passes, and the operator does not reconcile."""
    cluster.now += timedelta(seconds=60)


def suspend(cluster: UnkindCluster) -> None:
    cluster.change(suspend=True)


def resume(cluster: UnkindCluster) -> None:
    cluster.change(suspend=False)


def reconcile(cluster: UnkindCluster) -> None:
    cluster.reconcile()


def others_wait(cluster: UnkindCluster) -> None:
    cluster.is_busy = True


def none_waits(cluster: UnkindCluster) -> None:
    cluster.is_busy = False


def changed_to(language: str | None) -> Action:
    def action(cluster: UnkindCluster) -> None:
        cluster.change(sourceLanguage=language)

    action.__name__ = f"language {language}"
    return action


def succeed(cluster: UnkindCluster) -> None:
    cluster.end_pod(0, summary=StageSummary(audio_tracks=2))


def fault(call: str, error: ApiError, takes_effect: bool) -> Action:
    def action(cluster: UnkindCluster) -> None:
        cluster.faults[call] = (error, takes_effect)

    action.__name__ = f"{call} {error.reason} {takes_effect}"
    return action


ACTIONS: list[Action] = [
    UnkindCluster.look, UnkindCluster.look, reconcile, UnkindCluster.restart, tick, tick,
    UnkindCluster.start_pod, UnkindCluster.start_pod, UnkindCluster.end_terminating,
    UnkindCluster.expire_jobs, UnkindCluster.lose_node, UnkindCluster.touch, suspend, resume,
    others_wait, none_waits, UnkindCluster.stop_controllers, UnkindCluster.start_controllers,
    UnkindCluster.start_controllers, UnkindCluster.roll_back, UnkindCluster.change_leader,
    lambda cluster: cluster.deliver("jobs"), lambda cluster: cluster.deliver("pods"),
    lambda cluster: cluster.deliver("dubjobs"), succeed, succeed, retry,
    changed_to("en"), changed_to("de"), changed_to(None),
    lambda cluster: cluster.end_pod(1), lambda cluster: cluster.end_pod(65),
    lambda cluster: cluster.end_pod(143, disrupted=True),
]  # fmt: skip
FAULTS = [
    fault(call, error, effect) for call in CALLS for error in ERRORS for effect in (True, False)
]


def fails(cluster: UnkindCluster) -> None:
    cluster.end_pod(1)


@settings(max_examples=60)
@example([UnkindCluster.look, UnkindCluster.start_pod, fails, tick, tick])
@given(st.lists(st.one_of(*[st.sampled_from(ACTIONS)] * 3, st.sampled_from(FAULTS)), max_size=40))
def test_whatever_fails_no_limit_is_passed_and_the_dub_ends(actions: list[Action]) -> None:
    cluster = UnkindCluster(
        deadlines={"activeSeconds": 100, "startSeconds": 86400}, limits={"maxDisruptions": 1000}
    )
    for action in actions:
        action(cluster)
    cluster.faults.clear()
    cluster.start_controllers()
    cluster.change(suspend=False)
    run_to_the_end(cluster)
    assert cluster.dubjob["status"].items() >= cluster.newer_fields.items()
    status, calls = cluster.status, len(cluster.calls)
    cluster.end_terminating()
    cluster.look()
    calls = len(cluster.calls)
    cluster.look(1)
    assert cluster.status == status
    assert len(cluster.calls) == calls
    if finished(cluster)[1] == "Completed":
        # Without the result of ingest, nobody knows that there are two audio tracks.
        if status.stages[0].summary:
            language = cluster.dubjob["spec"].get("sourceLanguage")
            assert cluster.languages[Stage.SEPARATE] == language
    else:
        assert "StageFailed" in cluster.events or cluster.restarts
