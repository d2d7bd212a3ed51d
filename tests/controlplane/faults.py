"""The faults that the chaos tests inject."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from control_plane_view import SYSTEM, Object, View
from fault_proxy import FaultProxy

from local_cluster.control_plane import ControlPlane
from local_cluster.place import free_port

STOPPED_SECONDS = 30.0
"""Three times the Lease's length."""
AWAY_SECONDS = 8.0
"""How long controllers or webhooks are away: longer than the operator debounces."""

WEBHOOK = "ValidatingWebhookConfiguration"


class Trouble:
    """What a fault may lay hands on."""

    def __init__(self, view: View, plane: ControlPlane, proxy: FaultProxy) -> None:
        self.view = view
        self.plane = plane
        self.proxy = proxy
        self.pods_killed = 0

    def start(self, **environment: str) -> None:
        self.view.start_operator(kubeconfig=self.proxy.own_kubeconfig, **environment)


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


def end(trouble: Trouble, dubjob: str, stage: str) -> None:
    """The operator is told to end, as by a rollout, and the next one starts."""
    (operator,) = trouble.view.operators
    operator.send_signal(signal.SIGTERM)
    assert operator.wait(timeout=30) == 0
    kill(trouble, dubjob, stage)


def stop_controllers(trouble: Trouble, dubjob: str, stage: str) -> None:
    """Nothing makes pods, or sees them end, while the operator works on."""
    trouble.plane.processes.stop("kube-controller-manager")
    time.sleep(AWAY_SECONDS)
    trouble.plane.start()


def lose_webhook(trouble: Trouble, dubjob: str, stage: str) -> None:
    """For a while an admission webhook, without which no Job and no pod is created, is away."""
    break_webhook(trouble.view, "jobs", "pods")
    time.sleep(AWAY_SECONDS)
    mend_webhook(trouble.view)


def break_webhook(view: View, *resources: str) -> None:
    """From now on none of these `resources` can be created: their admission webhook is away."""
    rule = {
        "operations": ["CREATE"], "apiGroups": ["", "batch"], "apiVersions": ["v1"],
        "resources": resources,
    }  # fmt: skip
    webhook = {
        "name": "away.dubjob.dev", "failurePolicy": "Fail", "sideEffects": "None",
        "admissionReviewVersions": ["v1"], "timeoutSeconds": 1, "rules": [rule],
        "clientConfig": {"url": f"https://127.0.0.1:{free_port()}/"},
    }  # fmt: skip
    body = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": WEBHOOK,
            "metadata": {"name": "away"}, "webhooks": [webhook]}  # fmt: skip
    view.kubectl("apply", "-f", "-", stdin=json.dumps(body))


def mend_webhook(view: View) -> None:
    view.kubectl("delete", WEBHOOK, "away")


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


def write_as_newer(trouble: Trouble, dubjob: str, stage: str) -> None:
    """A newer version had the lead and was rolled back: its fields stay in the status."""
    trouble.view.kill_operators()
    status = trouble.view.dubjob(dubjob).get("status", {})
    for entry in status.get("stages", ()):
        entry["priority"] = 3
    status["conditions"] = [
        *status.get("conditions", ()),
        {"type": "Sharded", "status": "True", "reason": "Newer", "message": "Two shards.",
         "lastTransitionTime": "2026-01-02T03:04:05Z"},
    ]  # fmt: skip
    trouble.view.kubectl(
        "patch", "dubjob", dubjob, "--subresource=status", "--type=merge",
        "-p", json.dumps({"status": status}),
    )  # fmt: skip
    trouble.start()


Fault = Callable[[Trouble, str, str], None]
FAULTS: list[Fault] = [
    kill, end, stop_controllers, lose_webhook, write_as_newer, stop_for_long, restart_api_server,
    refuse_requests, cut_watches, late_and_double,
    compact, clock_skew, take_rights_away, delete_job, delete_pod,
    refuse_status, lose_answer_to_status, wipe_status,
]  # fmt: skip
DESTRUCTIVE = (delete_job, delete_pod)
KILLING = (kill, clock_skew, write_as_newer, stop_for_long)
"""Faults that end the operator with SIGKILL."""
