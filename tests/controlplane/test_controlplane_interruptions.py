"""The operator, a Job or a node ends at the worst moment: limits hold, and outcomes count."""

from __future__ import annotations

import json
import signal
import time

import pytest
from control_plane_view import JOB_SECONDS, Object, View, conditions
from faults import Trouble, break_webhook, kill, mend_webhook, refuse_status

from dubstage.contract import Stage, StageResult


@pytest.mark.parametrize("restarts", [False, True])
def test_deadline_holds_though_its_status_is_refused(trouble: Trouble, restarts: bool) -> None:
    """The operator may even end between the deletion of the Job and the status."""
    view, name = trouble.view, "overdue"
    view.apply(name, deadlines={"activeSeconds": 8})
    view.play(view.pod_of(name, "ingest", JOB_SECONDS), "Running")
    view.until(
        "the stage to run",
        lambda: view.dubjob(name)["status"]["stages"][0]["state"] == "Running",
    )
    refuse_status(trouble, name, "ingest")
    view.until("the status to be refused", lambda: trouble.proxy.refused == 1, 60)
    if restarts:
        kill(trouble, name, "ingest")
    done = view.finished(name, timeout=60)
    assert conditions(done)["Failed"]["reason"] == "DeadlineExceeded"
    view.until("the Job to go", lambda: not view.stages_of(name))
    assert trouble.proxy.writes["POST jobs"] == 1


@pytest.mark.parametrize("call", ["PUT dubjobs/status", "POST events", "DELETE jobs"])
def test_deadline_holds_though_the_operator_is_told_to_end(trouble: Trouble, call: str) -> None:
    """SIGTERM comes between the status, its Events and the deletion of the Job."""
    view, name = trouble.view, "ended"
    view.apply(name, deadlines={"activeSeconds": 8})
    view.play(view.pod_of(name, "ingest", JOB_SECONDS), "Running")
    view.until(
        "the stage to run",
        lambda: view.dubjob(name)["status"]["stages"][0]["state"] == "Running",
    )
    # The Events of the stage's start come after its status.
    time.sleep(1)
    (operator,) = view.operators
    trouble.proxy.before[call] = lambda: operator.send_signal(signal.SIGTERM)
    assert operator.wait(timeout=60) == 0
    kill(trouble, name, "ingest")
    done = view.finished(name, timeout=60)
    assert conditions(done)["Failed"]["reason"] == "DeadlineExceeded"
    view.until("the Job to go", lambda: not view.stages_of(name))
    assert trouble.proxy.writes["POST jobs"] == 1


def test_deadline_holds_though_no_event_can_be_emitted(trouble: Trouble) -> None:
    view, name = trouble.view, "silent"
    view.apply(name, deadlines={"activeSeconds": 8})
    pod = view.pod_of(name, "ingest", JOB_SECONDS)
    break_webhook(view, "events")
    try:
        view.play(pod, "Running")
        done = view.finished(name, timeout=60)
        assert conditions(done)["Failed"]["reason"] == "DeadlineExceeded"
        view.until("the Job to go", lambda: not view.stages_of(name))
        assert "StageFailed" not in view.told(name)
    finally:
        mend_webhook(view)
    expected = {"StageStarted", "StageFailed", "DeadlineExceeded"}
    view.until("the Events", lambda: expected <= {*view.told(name)}, 60)
    assert len(view.told(name)) == len({*view.told(name)})


@pytest.mark.parametrize(("code", "state"), [(0, "Succeeded"), (65, "Failed")])
def test_job_that_expires_at_once_counts_with_its_outcome(
    trouble: Trouble, code: int, state: str
) -> None:
    view, name = trouble.view, "expired"
    view.apply(name, backoffLimit=0)
    pod = view.pod_of(name, "ingest", JOB_SECONDS)
    (job,) = view.items("jobs")
    view.kubectl(
        "patch", "job", job["metadata"]["name"], "--type=merge",
        "-p", '{"spec": {"ttlSecondsAfterFinished": 0}}',
    )  # fmt: skip
    view.play(pod, "Running")
    reason = "Succeeded" if code == 0 else "BadInput"
    said = StageResult(stage=Stage.INGEST, reason=reason).to_termination_message()
    view.play(pod, "Failed" if code else "Succeeded", code, said)
    view.until("the Job to expire", lambda: "ingest" not in view.stages_of(name), JOB_SECONDS)
    view.until(
        "the outcome", lambda: view.dubjob(name)["status"]["stages"][0]["state"] == state, 60
    )
    assert view.dubjob(name)["status"]["stages"][0]["run"] == 1
    assert trouble.proxy.writes["POST jobs"] == (2 if code == 0 else 1)


def test_stage_goes_on_after_its_node_is_gone(trouble: Trouble) -> None:
    """The node was deleted, and the pod garbage collector ends its pods."""
    view, name = trouble.view, "moved"
    view.apply(name, backoffLimit=0)
    pod = view.pod_of(name, "ingest", JOB_SECONDS)
    view.kubectl("apply", "-f", "-", stdin=json.dumps(
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "short-lived"}}
    ))  # fmt: skip
    bind(view, pod, "short-lived")
    view.play(pod, "Running")
    view.kubectl("delete", "node", "short-lived")
    view.until(
        "another pod",
        lambda: view.pod_of(name, "ingest")["metadata"]["uid"] != pod["metadata"]["uid"],
        JOB_SECONDS,
    )
    view.succeed(name, "ingest")
    view.pod_of(name, "separate", JOB_SECONDS)
    entry = view.dubjob(name)["status"]["stages"][0]
    assert (entry["state"], entry["run"]) == ("Succeeded", 1)


def bind(view: View, pod: Object, node: str) -> None:
    """Give the pod its node, as the scheduler does."""
    metadata = pod["metadata"]
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": metadata["name"]},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node}}  # fmt: skip
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/binding"
    view.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(body))
