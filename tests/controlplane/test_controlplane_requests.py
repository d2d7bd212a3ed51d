"""Requests of users to a DubJob, against a real API server."""

from __future__ import annotations

import json
import time

from control_plane_view import Object, View, conditions, manifest

from dubstage.contract import Stage, StageRequest, StageResult

STAGES = [str(stage) for stage in Stage]


def request_of(view: View, name: str, stage: str) -> StageRequest:
    pod = view.pod_of(name, stage)
    return StageRequest.model_validate_json(pod["spec"]["containers"][0]["env"][0]["value"])


def test_suspend_and_resume(view: View) -> None:
    view.apply("paused")
    view.succeed("paused", "ingest")
    view.play(view.pod_of("paused", "separate"), "Running")
    view.apply("paused", suspend=True)
    view.until(
        "Suspended",
        lambda: conditions(view.dubjob("paused")).get("Suspended", {}).get("status") == "True",
    )
    view.until("the Job to go", lambda: view.stages_of("paused") == ["ingest"])
    view.kubectl("delete", "pods", "-l", "dubjob.dev/stage=separate", "--force")
    view.apply("paused", suspend=False)
    for stage in STAGES[1:]:
        view.succeed("paused", stage)
    done = view.finished("paused", 3)
    assert [entry["run"] for entry in done["status"]["stages"]] == [1, 2, 1, 1, 1, 1]
    view.until_told("paused", "Suspended")


def test_retry_of_a_finished_dubjob(view: View) -> None:
    view.apply("again")
    for stage in STAGES:
        view.succeed("again", stage)
    view.finished("again")
    view.annotate("again", retry="synthesize@1")
    view.until(
        "lastHandledRetry",
        lambda: view.dubjob("again")["status"].get("lastHandledRetry") == "synthesize@1",
    )
    assert conditions(view.dubjob("again"))["Finished"]["status"] == "False"
    assert request_of(view, "again", "synthesize").force
    for stage in STAGES[4:]:
        view.succeed("again", stage)
    done = view.finished("again")
    assert [entry["run"] for entry in done["status"]["stages"]] == [1, 1, 1, 1, 2, 2]
    view.until_told("again", "Completed", times=2)
    assert view.told("again").count("Completed") == 2


def test_review_with_a_bad_and_a_good_correction(view: View) -> None:
    view.apply("reviewed", reviewAfter=["translate"])
    for stage in STAGES[:4]:
        view.succeed("reviewed", stage)
    message = view.until_reason("reviewed", "AwaitingReview")
    assert "inputs/reviewed/translation.json" in message
    view.approve("reviewed", "translate", 1)
    pod = view.pod_of("reviewed", "translate")
    assert "nvidia.com/gpu" not in json.dumps(pod["spec"])
    assert request_of(view, "reviewed", "translate").import_only
    said = StageResult(stage=Stage.TRANSLATE, reason="BadCorrection", message="line 7: empty.")
    view.play(pod, "Failed", 65, said.to_termination_message())
    assert "line 7: empty." in view.until_reason("reviewed", "AwaitingReview")
    token = view.approve("reviewed", "translate", 2)
    for stage in STAGES[3:]:
        view.succeed("reviewed", stage, imported=stage == "translate")
    done = view.finished("reviewed")
    assert done["status"]["stages"][3]["imports"] is True
    assert done["status"]["lastHandledApproval"] == token


def test_removed_review_ends(view: View) -> None:
    view.apply("hasty", reviewAfter=["separate"])
    for stage in STAGES[:2]:
        view.succeed("hasty", stage)
    view.until_reason("hasty", "AwaitingReview")
    view.apply("hasty")
    assert request_of(view, "hasty", "separate").import_only
    view.succeed("hasty", "separate")
    view.pod_of("hasty", "transcribe")


def test_running_stage_with_a_changed_spec_is_replaced(view: View) -> None:
    view.apply("respelled", glossary=[{"term": "DubJob"}])
    for stage in STAGES[:3]:
        view.succeed("respelled", stage)
    old = view.pod_of("respelled", "translate")
    view.play(old, "Running")
    view.apply("respelled", glossary=[{"term": "Kubernetes"}])
    view.until("the old pod to be deleted", lambda: _is_going(view.pod_of_uid(old)))
    view.kubectl("delete", "pod", old["metadata"]["name"], "--force", "--ignore-not-found")
    (entry,) = request_of(view, "respelled", "translate").glossary
    assert entry.term == "Kubernetes"
    stages = view.dubjob("respelled")["status"]["stages"]
    assert [each["run"] for each in stages][:4] == [1, 1, 1, 2]


def _is_going(pod: Object | None) -> bool:
    return pod is None or "deletionTimestamp" in pod["metadata"]


def test_retry_of_a_failed_stage(view: View) -> None:
    view.apply("failing")
    view.succeed("failing", "ingest")
    view.fail("failing", "separate", 65)
    view.finished("failing")
    view.annotate("failing", retry="failed@1")
    for stage in STAGES[1:]:
        view.succeed("failing", stage)
    view.until_reason("failing", "Completed")
    stages = view.dubjob("failing")["status"]["stages"]
    assert [each["run"] for each in stages] == [1, 2, 2, 2, 2, 2]


def test_source_is_immutable_while_running(view: View) -> None:
    view.apply("fixed")
    view.pod_of("fixed", "ingest")
    view.until("the status", lambda: conditions(view.dubjob("fixed")))
    other = json.dumps(manifest("fixed", source={"path": "other.mp4"}))
    done = view.attempt("apply", "-f", "-", stdin=other)
    assert "source cannot be changed while the DubJob runs" in done.stderr
    view.apply("fixed", suspend=True)
    view.until(
        "Suspended",
        lambda: conditions(view.dubjob("fixed")).get("Suspended", {}).get("status") == "True",
    )
    view.apply("fixed", suspend=True, source={"path": "other.mp4"})


def test_waiting_for_quota_is_reported(view: View) -> None:
    quota = {
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"},
        "spec": {"hard": {"pods": "0"}},
    }  # fmt: skip
    view.kubectl("apply", "-f", "-", stdin=json.dumps(quota))
    view.until(
        "the quota",
        lambda: "pods" in view.kubectl("get", "quota", "none", "-o", "jsonpath={.status}"),
    )
    try:
        view.apply("waits", deadlines={"queueSeconds": 3600, "startSeconds": 1})
        message = view.until(
            "the quota's message",
            lambda: (
                (stage := (view.dubjob("waits")["status"].get("stages") or [{}])[0]).get("reason")
                == "QuotaExceeded"
                and stage["message"]
            ),
            60,
        )
        assert "exceeded quota: none" in message
        assert "Failed" not in conditions(view.dubjob("waits"))
    finally:
        view.kubectl("delete", "quota", "none")
    # The Job controller tries again after its back-off.
    view.pod_of("waits", "ingest")


def test_queue_deadline_fails_it(view: View) -> None:
    view.apply("late", deadlines={"queueSeconds": 3})
    failed = conditions(view.finished("late"))["Finished"]
    assert failed["reason"] == "QueueDeadlineExceeded"
    view.until("the Job to go", lambda: view.stages_of("late") == [])


def test_active_deadline_counts_only_running_time(view: View) -> None:
    """Waiting for a node is no work; the second stage ends what the first began to use up."""
    view.apply("slow", deadlines={"activeSeconds": 4})
    time.sleep(5)
    view.play(view.pod_of("slow", "ingest"), "Running")
    time.sleep(1)
    view.succeed("slow", "ingest")
    view.play(view.pod_of("slow", "separate"), "Running")
    finished = conditions(view.finished("slow"))["Finished"]
    assert finished["reason"] == "DeadlineExceeded"
    assert "spec.deadlines.activeSeconds" in finished["message"]
    view.until("the Job to go", lambda: view.stages_of("slow") == ["ingest"])


def test_job_suspended_by_kueue_is_queued(view: View) -> None:
    """As Kueue does when it takes its admission back: it suspends the Job."""
    view.apply("held", queueName="dubs")
    pod = view.pod_of("held", "ingest")
    (job,) = view.items("jobs", "-l", "dubjob.dev/dubjob=held")
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "dubs"
    view.kubectl("patch", "job", job["metadata"]["name"], "-p", '{"spec":{"suspend":true}}')
    view.attempt("delete", "pod", pod["metadata"]["name"], "--force", "--grace-period=0")
    view.until(
        "AwaitingAdmission",
        lambda: view.dubjob("held")["status"]["stages"][0].get("reason") == "AwaitingAdmission",
    )
    view.kubectl("patch", "job", job["metadata"]["name"], "-p", '{"spec":{"suspend":false}}')
    for stage in STAGES:
        view.succeed("held", stage)
    view.finished("held")


def test_finished_jobs_are_deleted_after_their_ttl(view: View) -> None:
    view.kubectl(
        "patch", "dubprofile", "cpu", "--type=merge", "-p",
        '{"spec":{"ttlSecondsAfterFinished":300}}',
    )  # fmt: skip
    try:
        view.apply("short")
        for stage in STAGES:
            view.succeed("short", stage)
        view.finished("short")
        jobs = view.items("jobs", "-l", "dubjob.dev/dubjob=short")
        assert {job["spec"]["ttlSecondsAfterFinished"] for job in jobs} == {300}
        for job in jobs:
            view.kubectl(
                "patch", "job", job["metadata"]["name"], "--type=merge", "-p",
                '{"spec":{"ttlSecondsAfterFinished":1}}',
            )  # fmt: skip
        view.until("the Jobs to go", lambda: not view.stages_of("short"), 60)
        assert conditions(view.dubjob("short"))["Complete"]["status"] == "True"
    finally:
        view.kubectl(
            "patch", "dubprofile", "cpu", "--type=merge", "-p",
            '{"spec":{"ttlSecondsAfterFinished":604800}}',
        )  # fmt: skip
    assert view.stages_of("short") == []


def test_deletion_deletes_the_jobs(view: View) -> None:
    view.apply("gone")
    view.play(view.pod_of("gone", "ingest"), "Running")
    view.kubectl("delete", "dubjob", "gone", "--wait=true", "--timeout=10s")
    view.until("the Job to go", lambda: not view.stages_of("gone"))
    view.until(
        "the pods to be ending",
        lambda: all(
            pod["metadata"].get("deletionTimestamp")
            for pod in view.items("pods", "-l", "dubjob.dev/dubjob=gone")
        ),
    )


def test_profile_restricts_priority_classes(view: View) -> None:
    view.apply("urgent", priorityClassName="urgent")
    assert "allows none" in view.until_reason("urgent", "PriorityClassForbidden")
