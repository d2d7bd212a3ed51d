"""The roles of the chart allow what the operator does, and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from control_plane_view import SYSTEM, Object, View, conditions
from fault_proxy import FaultProxy, Right
from test_controlplane_profile_kinds import profile

from dubstage.contract import Stage
from local_cluster.control_plane import ControlPlane

QUOTA = {
    "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"},
    "spec": {"hard": {"pods": "0"}},
}  # fmt: skip


@pytest.fixture
def proxied(installed: View, control_plane: ControlPlane) -> Iterator[FaultProxy]:
    """Between the operator and the API server. The operator is elected by a Lease. There is no
    Kueue whose Workloads it could read."""
    installed.render(control_plane, "--set", "readWorkloads=false")
    proxy = FaultProxy(Path(installed.folder / "operator.kubeconfig"))
    installed.kubectl("-n", SYSTEM, "delete", "lease", "--all")
    installed.start_operator(
        kubeconfig=proxy.own_kubeconfig, LEASE_NAMESPACE=SYSTEM, POD_NAME="only"
    )
    yield proxy
    installed.kubectl("delete", "quota", "none", "--ignore-not-found")
    installed.kubectl("delete", "clusterdubprofile", "shared", "--ignore-not-found")
    installed.clear()
    proxy.close()
    installed.render(control_plane)


def granted(view: View) -> set[Right]:
    """What the roles that are bound to the operator's account allow."""
    rules: list[Object] = []
    for binding in ("clusterrolebindings", "rolebindings"):
        found = view.kubectl("get", binding, "--all-namespaces", "-o", "json")
        for each in json.loads(found)["items"]:
            subjects = each.get("subjects", ())
            if not any(subject["name"] == "dubjob-operator" for subject in subjects):
                continue
            role, namespace = each["roleRef"], each["metadata"].get("namespace", "default")
            text = view.kubectl("-n", namespace, "get", role["kind"], role["name"], "-o", "json")
            rules += json.loads(text)["rules"]
    return {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_operator_uses_every_right_and_no_other(installed: View, proxied: FaultProxy) -> None:
    """A dub, one whose Job is created though the answer is lost, one that is suspended while it
    runs, one that waits for quota, and a profile of each kind."""
    for kind in ("DubProfile", "ClusterDubProfile"):
        installed.kubectl(
            "apply", "--server-side", "-f", "-", stdin=json.dumps(profile(kind, "shared"))
        )
    proxied.lose = "jobs"
    installed.apply("whole")
    for stage in Stage:
        installed.succeed("whole", stage)
    assert conditions(installed.finished("whole"))["Complete"]["status"] == "True"
    installed.apply("paused")
    installed.play(installed.pod_of("paused", "ingest"), "Running")
    # No kubelet answers, but the API server has checked the right to read the log.
    installed.until("the log to be read", lambda: ("", "pods/log", "get") in proxied.used, 60)
    installed.apply("paused", suspend=True)
    installed.until_reason("paused", "Suspended")
    installed.kubectl("apply", "-f", "-", stdin=json.dumps(QUOTA))
    installed.until("the quota", lambda: "pods" in quota(installed))
    installed.apply("held")
    installed.until("the quota's message", lambda: reason(installed, "held") == "QuotaExceeded", 60)
    rights = granted(installed)
    assert rights, "no role is bound to the operator"
    # The Lease is renewed every few seconds.
    deadline = time.monotonic() + 15
    while rights - proxied.used and time.monotonic() < deadline:
        time.sleep(0.5)
    assert proxied.used == rights


def reason(view: View, name: str) -> Any:
    """The reason of ingest."""
    return (view.dubjob(name)["status"].get("stages") or [{}])[0].get("reason")


def quota(view: View) -> Any:
    return view.kubectl("get", "quota", "none", "-o", "jsonpath={.status}")
