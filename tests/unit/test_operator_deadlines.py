"""Deadlines, waiting, estimates: what time does to a DubJob."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from planning_world import NOW, World, dubjob, profile

from dubjob_operator.api.profile_reference import UsedProfile
from dubjob_operator.api.status import DubJobStatus, StageState
from dubjob_operator.planning.estimate import remaining_seconds
from dubjob_operator.planning.job_refusal import job_refused
from dubjob_operator.planning.observation import Admission, NotRefused, Observed, Refusal
from dubjob_operator.planning.stage_states import stage_states
from dubjob_operator.planning.times import timestamp
from dubstage.contract import Stage
from dubstage.contract.summary import StageSummary

UNSCHEDULABLE = {
    "type": "PodScheduled", "status": "False", "message": "0/1 nodes: 1 Insufficient gpu.",
}  # fmt: skip
DISRUPTED = {"type": "DisruptionTarget", "status": "True"}

PROFILE = UsedProfile(kind="DubProfile", name="cpu")


DENIED_BY_WEBHOOK = 'admission webhook "x" denied the request: registry i/o timeout'
WEBHOOK_AWAY = (
    'Internal error occurred: failed calling webhook "m.kb.io": failed to call webhook: Post '
    '"https://kueue.svc:443/mutate": dial tcp 10.0.0.1:443: connect: connection refused'
)
TERMINATING = (
    'jobs.batch "x" is forbidden: unable to create new content in namespace dubbing because it '
    "is being terminated"
)


def failed(after: DubJobStatus) -> str | None:
    found = after.condition("Failed")
    return found.reason if found else None


def state(after: DubJobStatus) -> tuple[str, str | None]:
    return after.stages[0].state, after.stages[0].reason


def test_short_state_is_not_reported() -> None:
    world = World()
    world.step()
    world.pod("Pending", conditions=[UNSCHEDULABLE])
    assert state(world.later(4)) == (StageState.PENDING, None)
    assert state(world.later(2)) == (StageState.QUEUED, "Unschedulable")
    assert [event.split()[0] for event in world.events] == ["StageQueued"]


def test_running_container_counts_before_the_pod_phase() -> None:
    """The kubelet reports the container first; a short stage may even have ended."""
    world = World()
    world.step()
    world.pod("Running")
    world.pods[-1]["status"]["phase"] = "Pending"
    assert state(world.step()) == (StageState.RUNNING, None)


def test_stage_waits_for_a_quota_on_jobs() -> None:
    """The API server refuses the Job itself, not its pod: no fault of the profile."""
    world = World(deadlines={"queueSeconds": 100, "startSeconds": 10})
    world.profile = job_refused(PROFILE, 'jobs.batch "x" is forbidden: exceeded quota: few')
    assert state(world.step()) == (StageState.QUEUED, "QuotaExceeded")
    assert state(world.later(60)) == (StageState.QUEUED, "QuotaExceeded")
    assert state(world.later(41)) == (StageState.FAILED, "QueueDeadlineExceeded")


def test_deadline_of_the_profile_counts_for_a_refused_job() -> None:
    world, limit = World(), profile(deadlines={"startSeconds": 20})
    refused = job_refused(PROFILE, "spec.template: Invalid value")
    first = stage_states(world.dubjob, limit, Observed(), NOW, refused)
    assert first[0].reason == "ProfileInvalid"
    recorded = DubJobStatus(observed_generation=1, stages=list(first))
    later = stage_states(
        dubjob(recorded=recorded), limit, Observed(), NOW + timedelta(seconds=21), refused
    )
    assert later[0].reason == "StartDeadlineExceeded"


def test_refused_job_is_a_fault_of_the_profile() -> None:
    world = World(deadlines={"startSeconds": 10})
    world.profile = job_refused(PROFILE, "spec.template: Invalid value")
    assert state(world.step()) == (StageState.PENDING, "ProfileInvalid")
    assert state(world.later(11)) == (StageState.FAILED, "StartDeadlineExceeded")


@pytest.mark.parametrize(
    ("answer", "final", "reason"),
    [
        (f"500 InternalError: {WEBHOOK_AWAY}", False, "JobNotCreated"),
        ("409 AlreadyExists: object is being deleted: jobs.batch", False, "JobNotCreated"),
        ("0 TimeoutError: POST /apis/batch/v1/namespaces/dubbing/jobs", False, "JobNotCreated"),
        (f"403 Forbidden: {TERMINATING}", True, "NamespaceTerminating"),
        (f"500 : {DENIED_BY_WEBHOOK}", False, "ProfileInvalid"),
        ("422 Invalid: spec.timeoutSeconds: Invalid value", True, "ProfileInvalid"),
        ("422 Invalid: a sentence of a later version", True, "ProfileInvalid"),
        ('403 Forbidden: User "x" cannot create resource "jobs"', True, "JobNotCreated"),
    ],
)
def test_job_that_cannot_be_created(answer: str, final: bool, reason: str) -> None:
    world = World(deadlines={"startSeconds": 60})
    world.profile = job_refused(PROFILE, answer, final=final)
    after = world.step()
    assert state(after) == (StageState.PENDING, reason)
    finished = after.condition("Finished")
    assert finished
    assert (finished.reason, finished.status) == (reason, "False")
    assert answer in finished.message
    assert [event.split()[0] for event in world.events] == [reason]
    is_fault = reason == "ProfileInvalid"
    assert failed(world.later(3600)) == ("StartDeadlineExceeded" if is_fault else None)


NO_SUCH_IMAGE = 'Failed to pull image "r/dub:1": rpc error: code = NotFound: r/dub:1: not found'
AWAY = 'Failed to pull image "r/not-found:1": dial tcp 10.0.0.1:443: i/o timeout'


@pytest.mark.parametrize(
    ("reason", "message", "is_fault"),
    [
        ("ErrImagePull", NO_SUCH_IMAGE, True),
        ("ImagePullBackOff", f'Back-off pulling image "r/dub:1": ErrImagePull: {AWAY}', False),
        ("ImagePullBackOff", 'Back-off pulling image "r/dub:1": 401 Unauthorized', True),
        ("ErrImagePull", AWAY, False),
        ("ErrImagePull", "unexpected status: 503 Service Unavailable", False),
        ("ErrImagePull", "toomanyrequests: You have reached your pull rate limit", False),
        ("RegistryUnavailable", "", False),
        ("InvalidImageName", "couldn't parse image name", True),
    ],
)
def test_registry_outage_is_waited_for(reason: str, message: str, is_fault: bool) -> None:
    world = World(deadlines={"startSeconds": 60})
    world.step()
    pulling(world, reason, message)
    assert state(world.later(6)) == (StageState.PULLING, reason)
    assert failed(world.later(3600)) == ("StartDeadlineExceeded" if is_fault else None)


def test_back_off_without_a_cause_keeps_the_answer_of_the_registry() -> None:
    world = World(deadlines={"startSeconds": 60})
    world.step()
    pulling(world, "ErrImagePull", NO_SUCH_IMAGE)
    world.later(6)
    pulling(world, "ImagePullBackOff", 'Back-off pulling image "r/dub:1"')
    after = world.later(59)
    assert after.stages[0].message == f"{NO_SUCH_IMAGE}."
    assert failed(world.later(2)) == "StartDeadlineExceeded"


def pulling(world: World, reason: str, message: str) -> None:
    """The kubelet cannot pull the image."""
    created = world.pods[-1]["metadata"]["creationTimestamp"] if world.pods else None
    world.pod("Pending", waiting=reason)
    (container,) = world.pods[-1]["status"]["containerStatuses"]
    container["state"]["waiting"]["message"] = message
    if created:
        world.pods[-1]["metadata"]["creationTimestamp"] = created


def test_queue_deadline_limits_waiting_for_capacity() -> None:
    world = World(deadlines={"queueSeconds": 100})
    world.step()
    world.pod("Pending", conditions=[UNSCHEDULABLE])
    world.later(6)
    assert failed(world.later(99)) is None
    assert failed(world.later(2)) == "QueueDeadlineExceeded"
    world.step()
    assert not world.jobs


@pytest.mark.parametrize(
    ("refused", "suspended", "reason", "is_fault"),
    [
        ('pods "x" is forbidden: exceeded quota: gpus', False, "QuotaExceeded", False),
        ('pods "x" is forbidden: violates PodSecurity', False, "PodRefused", True),
        (DENIED_BY_WEBHOOK, False, "PodRefused", True),
        ('Pod "x" is invalid: spec.containers[0].image: Required value', False, "PodRefused", True),
        (WEBHOOK_AWAY, False, "PodNotCreated", False),
        ("etcdserver: request timed out", False, "PodNotCreated", False),
        ('pods "x" is forbidden: status unknown for quota: gpus', False, "PodNotCreated", False),
        ("a sentence of a later version", False, "PodNotCreated", False),
        (TERMINATING, False, "NamespaceTerminating", False),
        ("", True, "AwaitingAdmission", False),
        ("", False, "NoPod", False),
    ],
)
def test_job_without_a_pod(refused: str, suspended: bool, reason: str, is_fault: bool) -> None:
    world = World(deadlines={"startSeconds": 60})
    world.step()
    (name,) = world.jobs
    world.refusals = {name: Refusal(refused)} if refused else {}
    world.jobs[name]["spec"]["suspend"] = suspended
    soon = 6 if refused or suspended else 61
    after = world.later(soon)
    assert state(after) == (StageState.QUEUED, reason)
    finished = after.condition("Finished")
    assert finished
    outage = reason in ("NoPod", "PodNotCreated")
    assert finished.reason == (reason if outage else "Queued"), "the alert DubJobNoPods counts it"
    after = world.later(3600)
    assert failed(after) == ("StartDeadlineExceeded" if is_fault else None)


def test_busy_job_controller_is_not_reported() -> None:
    world = World()
    world.step()
    before = world.step()
    assert world.later(59) == before
    assert state(world.later(1)) == (StageState.QUEUED, "NoPod")


def test_replaced_pod_is_not_a_fault() -> None:
    world = World(deadlines={"startSeconds": 1})
    world.step()
    world.pod("Running")
    world.step()
    world.later(100)
    world.pods.clear()
    assert state(world.step()) == (StageState.PENDING, None)
    assert state(world.later(59)) == (StageState.PENDING, None)
    assert state(world.later(1)) == (StageState.QUEUED, "NoPod")


def test_late_admission_leaves_time_for_the_pod() -> None:
    world = World()
    world.step()
    (job,) = world.jobs.values()
    job["spec"]["suspend"] = True
    assert state(world.later(3600)) == (StageState.QUEUED, "AwaitingAdmission")
    job["spec"]["suspend"] = False
    job["status"] = {"conditions": [{"type": "Suspended", "status": "True"}]}
    assert state(world.later(1)) == (StageState.QUEUED, "AwaitingAdmission")
    job["status"] = {
        "conditions": [{"type": "Suspended", "status": "False"}],
        "startTime": timestamp(world.now),
    }
    assert state(world.step()) == (StageState.PENDING, None)
    assert state(world.later(59)) == (StageState.PENDING, None)
    assert state(world.later(1)) == (StageState.QUEUED, "NoPod")


def test_queue_says_why_a_job_is_not_admitted() -> None:
    world = World(queueName="dbus")
    world.step()
    (name,) = world.jobs
    world.jobs[name]["spec"]["suspend"] = True
    missing = Admission("Inadmissible", "LocalQueue dbus doesn't exist")
    world.admissions = {name: missing}
    after = world.later(6)
    assert state(after) == (StageState.QUEUED, "AwaitingAdmission")
    finished = after.condition("Finished")
    assert finished
    assert "queue dbus (Inadmissible): LocalQueue dbus doesn't exist." in finished.message
    world.admissions = {}
    assert world.later(1).stages == after.stages, "a restarted operator has not read it yet"
    world.admissions = {name: Admission(position=2)}
    assert "queue dbus at position 2." in (world.later(1).stages[0].message or "")


def test_restarted_operator_keeps_the_reason_of_a_waiting_job() -> None:
    world = World(deadlines={"queueSeconds": 3600})
    world.step()
    (name,) = world.jobs
    world.refusals = {name: Refusal("exceeded quota: gpus")}
    world.later(6)
    world.refusals = {}
    assert state(world.later(1800)) == (StageState.QUEUED, "QuotaExceeded")
    world.refusals = {name: Refusal("exceeded quota: gpus, again")}
    assert failed(world.later(1799)) is None
    assert failed(world.later(2)) == "QueueDeadlineExceeded"


def test_obsolete_reason_is_removed() -> None:
    world = World()
    world.step()
    (name,) = world.jobs
    world.refusals = {name: Refusal("exceeded quota: gpus")}
    assert state(world.later(100)) == (StageState.QUEUED, "QuotaExceeded")
    world.refusals = {name: NotRefused()}
    assert state(world.later(1)) == (StageState.QUEUED, "NoPod")


def test_evicted_and_collected_pod_is_not_a_fault() -> None:
    world = World(deadlines={"startSeconds": 1})
    world.step()
    world.pod("Running")
    world.step()
    world.pods.clear()
    world.pod("Failed", code=137, conditions=[DISRUPTED])
    assert state(world.later(100))[0] is StageState.RETRYING
    world.pods.clear()
    assert state(world.later(59))[0] is StageState.RETRYING
    assert state(world.later(1)) == (StageState.QUEUED, "NoPod")


def test_active_deadline_counts_running_time() -> None:
    world = World(deadlines={"activeSeconds": 100})
    world.step()
    world.pod("Pending", conditions=[UNSCHEDULABLE])
    assert failed(world.later(3600)) is None
    world.pod("Running")
    world.step()
    assert failed(world.later(99)) is None
    assert failed(world.later(2)) == "DeadlineExceeded"
    world.step()
    assert not world.jobs


def test_stage_timeout_is_set_on_the_job() -> None:
    world = World()
    world.profile = profile(every_stage={"timeoutSeconds": 50})
    world.step()
    world.profile = profile()  # changed while it runs: nothing is disturbed
    world.pod("Running")
    world.step()
    assert failed(world.later(49)) is None
    assert failed(world.later(2)) == "StageTimeout"


def test_slow_clock_of_a_node_fails_no_stage() -> None:
    world = World()
    world.profile = profile(every_stage={"timeoutSeconds": 50})
    world.step()
    world.pod("Running")
    (status,) = world.pods[-1]["status"]["containerStatuses"]
    status["state"] = {"running": {"startedAt": timestamp(world.now - timedelta(minutes=10))}}
    assert failed(world.step()) is None
    assert failed(world.later(49)) is None
    assert failed(world.later(2)) == "StageTimeout"


def test_pod_without_volumes_or_network_is_a_fault_after_a_minute() -> None:
    world = World(deadlines={"startSeconds": 30})
    world.step()
    scheduled = {"type": "PodScheduled", "status": "True"}
    missing = {"type": "PodReadyToStartContainers", "status": "False"}
    world.pod("Pending", node="node-7", conditions=[scheduled, missing])
    assert state(world.later(6)) == (StageState.PULLING, "Starting")
    assert state(world.later(59)) == (StageState.PULLING, "Starting")
    after = world.later(1)
    assert state(after) == (StageState.PULLING, "PodNotReadyToStart")
    assert "node-7" in (after.stages[0].message or "")
    assert failed(world.later(29)) is None
    assert failed(world.later(2)) == "StartDeadlineExceeded"


def test_slow_image_pull_is_not_a_fault() -> None:
    world = World(deadlines={"startSeconds": 30})
    world.step()
    there = {"type": "PodReadyToStartContainers", "status": "True"}
    world.pod("Pending", conditions=[there])
    world.later(6)
    assert state(world.later(3600)) == (StageState.PULLING, "Starting")


def test_leftover_pod_is_named() -> None:
    """On a node that is gone: nobody ends it, and two must not write in one folder."""
    world = World(deadlines={"startSeconds": 30})
    world.step()
    world.lost_nodes.add("node-7")
    world.pod("Running", node="node-7")
    world.step()
    left = world.pods[-1]
    world.change(suspend=True)
    world.step()
    world.change(suspend=False)
    assert state(world.step()) == (StageState.PENDING, None)
    assert state(world.later(59)) == (StageState.PENDING, None)
    after = world.later(1)
    assert state(after) == (StageState.PENDING, "OldPodLeft")
    assert left["metadata"]["name"] in (after.stages[0].message or "")
    assert "node-7" in (after.stages[0].message or "")
    assert not world.jobs
    world.pods.clear()
    world.later(1)
    assert world.jobs


def test_pod_that_is_seen_before_its_job_is_not_called_old() -> None:
    """The watches of Jobs and pods do not wait for each other. A stage has been pending for as
    long as the DubJob exists."""
    world = World()
    world.step()
    world.pod("Running")
    world.later(120)
    world.succeed()
    world.later(1)
    assert world.created == ["ingest", "separate"]
    world.pod("Pending")
    (name, job) = world.jobs.popitem()
    second = world.later(1).stages[1]
    assert (second.state, second.reason) == (StageState.PENDING, None)
    world.jobs[name] = job
    assert world.later(10).stages[1].reason == "Starting"


def test_failure_of_the_stage_is_not_a_disruption() -> None:
    """The Job controller counts it a moment after the pod has failed."""
    world = World()
    world.profile = profile(maxDisruptions=0)
    world.step()
    world.pod("Failed", 75)
    assert failed(world.step()) is None


def test_too_many_disruptions_fail_the_dubjob() -> None:
    world = World()
    world.profile = profile(maxDisruptions=2)
    world.step()
    for number in range(3):
        world.pods.clear()
        world.pod("Running", suffix=f"s{number}")
        assert failed(world.step()) is None
        world.pod("Failed", 143, suffix=f"s{number}", conditions=[DISRUPTED])
        after = world.step()
    assert failed(after) == "TooManyDisruptions"


def test_resume_restarts_the_start_deadline() -> None:
    world = World(suspend=True, deadlines={"startSeconds": 60})
    world.step()
    world.later(3600)
    world.profile = None
    world.change(suspend=False)
    assert failed(world.step()) is None
    assert failed(world.later(61)) == "StartDeadlineExceeded"


def test_priority_class_must_be_allowed() -> None:
    world = World(priorityClassName="urgent")
    finished = world.step().condition("Finished")
    assert finished is not None
    assert finished.reason == "PriorityClassForbidden"
    world.profile = profile(allowedPriorityClassNames=["urgent"])
    world.step()
    (job,) = world.jobs.values()
    assert job["spec"]["template"]["spec"]["priorityClassName"] == "urgent"


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({}, None),
        ({"allowedQueueNames": ["dubs"]}, None),
        ({"allowedQueueNames": ["slow"], "queueName": "dubs"}, None),
        ({"allowedQueueNames": ["slow"]}, "QueueForbidden"),
        ({"allowedQueueNames": []}, "QueueForbidden"),
    ],
)
def test_profile_restricts_queues(spec: dict[str, Any], reason: str | None) -> None:
    world = World(queueName="dubs")
    world.profile = profile(**spec)
    assert world.step().stages[0].reason == reason
    assert bool(world.step().stages and world.jobs) is (reason is None)


def test_scheduling_fields_of_the_pod() -> None:
    stage: dict[str, Any] = {
        "schedulerName": "volcano",
        "labels": {"kueue.x-k8s.io/priority-class": "late"},
        "resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "one-gpu"}],
        "topologySpreadConstraints": [{"maxSkew": 1}],
    }
    world = World(queueName="dubs", labels={"team": "news", "secret": "no"})
    world.profile = profile(defaults=stage, propagatedLabels=["team"], sameNode=True)
    world.step()
    (job,) = world.jobs.values()
    labels = job["metadata"]["labels"]
    template = job["spec"]["template"]
    assert labels["kueue.x-k8s.io/queue-name"] == "dubs"
    assert labels["kueue.x-k8s.io/priority-class"] == "late"
    assert template["metadata"]["annotations"]["scheduling.volcano.sh/queue-name"] == "dubs"
    assert template["metadata"]["labels"]["team"] == "news"
    assert "secret" not in template["metadata"]["labels"]
    assert template["metadata"]["labels"]["dubjob.dev/network"] == "denied"
    pod = template["spec"]
    assert pod["schedulerName"] == "volcano"
    assert pod["resourceClaims"] == stage["resourceClaims"]
    assert pod["containers"][0]["resources"]["claims"] == [{"name": "gpu"}]
    world.pod("Running", node="node-7")
    world.step()
    world.succeed(node="node-7")
    world.step()
    later = list(world.jobs.values())[-1]["spec"]["template"]["spec"]
    (term,) = later["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    assert term["matchFields"][0]["values"] == ["node-7"]


def test_estimate_uses_earlier_runs_and_progress() -> None:
    world = World()
    world.step()
    assert world.step().estimated_remaining_seconds is None
    world.succeed(summary=StageSummary(duration_milliseconds=100_000), seconds=1.0)
    after = world.step()
    pace = {stage: 0.5 for stage in Stage}
    assert remaining_seconds(after.stages, pace, NOW) == 250
    world.step()
    world.pod("Running")
    world.step()
    world.now = NOW
    entries = [
        entry.model_copy(
            update={"state": StageState.RUNNING, "progress": 50,
                    "start_time": "2026-01-02T03:03:05Z"}
        )
        if entry.name == "separate" else entry
        for entry in after.stages
    ]  # fmt: skip
    assert remaining_seconds(entries, pace, NOW) == 60 + 200


def test_changed_estimate_alone_is_not_written() -> None:
    world = World()
    world.step()
    world.pod("Running")
    before = world.step()
    assert world.later(7) == before
