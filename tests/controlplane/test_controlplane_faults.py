"""Trouble at and between stages: afterwards everything is as without it.

``make test`` runs one point of each fault, chosen by ``CHAOS_SEED``; ``make chaos`` runs
all of them.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from control_plane_view import SYSTEM, Object, View, conditions
from fault_proxy import FaultProxy

from dubstage.contract import Stage, StageResult
from local_cluster.control_plane import ControlPlane

STAGES = [str(stage) for stage in Stage]
ALL = os.environ.get("CHAOS") == "all"
SEED = int(os.environ.get("CHAOS_SEED", "20261"))
STOPPED_SECONDS = 30.0
"""Three times the Lease's length."""
JOB_SECONDS = 150
"""For the Job controller, which may take a minute once its API server is back."""


class Trouble:
    """What a fault may lay hands on."""

    def __init__(self, view: View, plane: ControlPlane, proxy: FaultProxy) -> None:
        self.view = view
        self.plane = plane
        self.proxy = proxy
        self.pods_killed = 0

    def start(self, **environment: str) -> None:
        self.view.start_operator(kubeconfig=self.proxy.own_kubeconfig, **environment)


@pytest.fixture
def trouble(installed: View, control_plane: ControlPlane) -> Iterator[Trouble]:
    proxy = FaultProxy(Path(installed.folder / "operator.kubeconfig"), seed=SEED)
    found = Trouble(installed, control_plane, proxy)
    found.start()
    yield found
    installed.clear()
    proxy.close()


def kill(trouble: Trouble, dubjob: str, stage: str) -> None:
    trouble.view.kill_operators()
    trouble.start()


def stop_for_long(trouble: Trouble, dubjob: str, stage: str) -> None:
    """The replica that leads stands still for three leases, and wakes up."""
    trouble.view.kill_operators()
    trouble.start(LEASE_NAMESPACE=SYSTEM, POD_NAME="first")
    time.sleep(3)
    sleeper = trouble.view.operators[0]
    trouble.start(LEASE_NAMESPACE=SYSTEM, POD_NAME="second")
    sleeper.send_signal(signal.SIGSTOP)
    time.sleep(STOPPED_SECONDS)
    sleeper.send_signal(signal.SIGCONT)


def restart_api_server(trouble: Trouble, dubjob: str, stage: str) -> None:
    trouble.plane.processes.stop("kube-apiserver")
    trouble.plane.start()


def refuse_requests(trouble: Trouble, dubjob: str, stage: str) -> None:
    """From now on every fifth request is answered with 409, 429 or 500."""
    trouble.proxy.error_share = 0.2


def cut_watches(trouble: Trouble, dubjob: str, stage: str) -> None:
    trouble.proxy.cut_watches()


def late_and_double(trouble: Trouble, dubjob: str, stage: str) -> None:
    trouble.proxy.delay, trouble.proxy.duplicate = 0.3, True
    trouble.proxy.cut_watches()


def compact(trouble: Trouble, dubjob: str, stage: str) -> None:
    """etcd compacts its history, and watches get 410 Gone."""
    client, _ = json.loads((trouble.plane.folder / "etcd-ports.json").read_text())
    post = _etcd(client, "range", {"key": "AA=="})
    _etcd(client, "compaction", {"revision": post["header"]["revision"]})
    trouble.proxy.cut_watches(gone=True)


def _etcd(port: int, call: str, body: dict[str, object]) -> dict[str, dict[str, str]]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v3/kv/{call}", data=json.dumps(body).encode()
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        found: dict[str, dict[str, str]] = json.loads(answer.read())
    return found


def clock_skew(trouble: Trouble, dubjob: str, stage: str) -> None:
    """The operator is replaced by one whose clock is an hour ahead."""
    trouble.view.kill_operators()
    trouble.view.start_operator(
        str(Path(__file__).with_name("skewed_operator.py")),
        kubeconfig=trouble.proxy.own_kubeconfig,
        SKEW_SECONDS="3600",
    )


def take_rights_away(trouble: Trouble, dubjob: str, stage: str) -> None:
    """For a while the operator may do nothing at all."""
    binding = ("clusterrolebinding", "dubjob-operator")
    saved = trouble.view.kubectl("get", *binding, "-o", "json")
    trouble.view.kubectl("delete", *binding)
    trouble.proxy.cut_watches()
    time.sleep(3)
    kept = json.loads(saved)
    kept["metadata"] = {"name": kept["metadata"]["name"]}
    trouble.view.kubectl("apply", "-f", "-", stdin=json.dumps(kept))


def delete_job(trouble: Trouble, dubjob: str, stage: str) -> None:
    view, selector = trouble.view, f"dubjob.dev/dubjob={dubjob},dubjob.dev/stage={stage}"
    trouble.pods_killed = len(view.items("jobs", "-l", selector))
    old = names_of(view.items("pods", "-l", selector))
    view.kubectl("delete", "jobs", "-l", selector, "--wait=true")
    view.until(
        "the Job's pods to go",
        lambda: not old & names_of(view.items("pods", "-l", selector)),
    )


def names_of(items: list[Object]) -> set[str]:
    return {str(item["metadata"]["name"]) for item in items}


def delete_pod(trouble: Trouble, dubjob: str, stage: str) -> None:
    selector = f"dubjob.dev/dubjob={dubjob},dubjob.dev/stage={stage}"
    pods = trouble.view.items("pods", "-l", selector)
    trouble.pods_killed = len(pods)
    if pods:
        trouble.view.kubectl("delete", "pods", "-l", selector, "--force", "--grace-period=0")


def refuse_status(trouble: Trouble, dubjob: str, stage: str) -> None:
    trouble.proxy.refuse_next = "PUT dubjobs/status"


def lose_answer_to_status(trouble: Trouble, dubjob: str, stage: str) -> None:
    """The status is written, and the operator does not hear of it."""
    trouble.proxy.lose = "dubjobs/status"


def wipe_status(trouble: Trouble, dubjob: str, stage: str) -> None:
    """As after a backup that was restored without the status."""
    status = '[{"op": "replace", "path": "/status", "value": {}}]'
    trouble.view.kubectl(
        "patch", "dubjob", dubjob, "--subresource=status", "--type=json", "-p", status
    )


Fault = Callable[[Trouble, str, str], None]
FAULTS: list[Fault] = [
    kill, stop_for_long, restart_api_server, refuse_requests, cut_watches, late_and_double,
    compact, clock_skew, take_rights_away, delete_job, delete_pod,
    refuse_status, lose_answer_to_status, wipe_status,
]  # fmt: skip
DESTRUCTIVE = (delete_job, delete_pod)


def points() -> list[tuple[Fault, str, str]]:
    """Fault, stage, and whether the stage's pod is waiting, running or has ended."""
    chosen = random.Random(SEED)
    found = []
    for fault in FAULTS:
        moments = ["before", "during"] if fault in DESTRUCTIVE else ["before", "during", "after"]
        every = [(fault, stage, moment) for stage in STAGES for moment in moments]
        found += every if ALL else [chosen.choice(every)]
    return found


@pytest.mark.parametrize(
    ("fault", "stage", "moment"),
    [pytest.param(*point, id=f"{point[0].__name__}-{point[2]}-{point[1]}") for point in points()],
)
def test_faults_do_not_change_the_result(
    trouble: Trouble, fault: Fault, stage: str, moment: str
) -> None:
    view, name = trouble.view, "troubled"
    view.apply(name, deadlines={"activeSeconds": 86400, "startSeconds": 86400})
    for each in STAGES:
        pod = view.pod_of(name, each, JOB_SECONDS)
        if each == stage and moment == "before":
            fault(trouble, name, each)
        pod = view.pod_of(name, each, JOB_SECONDS)
        view.play(pod, "Running")
        if each == stage and moment == "during":
            fault(trouble, name, each)
            pod = view.pod_of(name, each, JOB_SECONDS)
            view.play(pod, "Running")
        said = StageResult(stage=Stage(each), reason="Succeeded").to_termination_message()
        view.play(pod, "Succeeded", 0, said)
        if each == stage and moment == "after":
            fault(trouble, name, each)
    done = view.finished(name, timeout=120)
    states = [(entry["state"], entry["run"]) for entry in done["status"]["stages"]]
    assert states == [("Succeeded", 1)] * 6
    assert conditions(done)["Complete"]["status"] == "True"
    assert view.stages_of(name) == STAGES, "an orphan, or a stage that ran twice"
    view.until(
        "the Jobs to be complete",
        lambda: all(job["status"].get("succeeded") == 1 for job in view.items("jobs")),
        JOB_SECONDS,
    )
    assert len(view.items("pods", "-l", f"dubjob.dev/dubjob={name}")) == len(STAGES)
    selector = f"involvedObject.uid={done['metadata']['uid']}"

    def told() -> list[tuple[str, str]]:
        events = view.items("events", "--field-selector", selector)
        return [(event["reason"], event["message"]) for event in events]

    # Events are emitted after the status is written.
    view.until(
        "the Event of the completion",
        lambda: "Completed" in [reason for reason, _ in told()],
        JOB_SECONDS,
    )
    found = told()
    assert len(found) == len(set(found)) or trouble.pods_killed, "something was told twice"
    assert [reason for reason, _ in found].count("Completed") == 1


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
