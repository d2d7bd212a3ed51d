"""What a profile says reaches the pods, and what is wrong with one is said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from control_plane_view import NAMESPACE, Object, View, manifest

from dubstage.contract import Stage

STAGES = [str(stage) for stage in Stage]
PRIORITY = {
    "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "late"},
    "value": 7,
}  # fmt: skip
RUNTIME = {
    "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "nvidia"},
    "handler": "nvidia",
}  # fmt: skip
SCHEDULING: Object = {
    "nodeSelector": {"gpu": "yes"},
    "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {
                    "weight": 1,
                    "podAffinityTerm": {
                        "topologyKey": "kubernetes.io/hostname",
                        "labelSelector": {"matchLabels": {"dubjob.dev/stage": "separate"}},
                    },
                }
            ]
        }
    },
    "topologySpreadConstraints": [
        {
            "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"dubjob.dev/stage": "separate"}},
        }
    ],
    "runtimeClassName": "nvidia",
    "priorityClassName": "late",
    "schedulerName": "volcano",
    "resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "one-gpu"}],
}  # fmt: skip
"""Fields of a stage, as they are in the pod."""


@pytest.fixture
def profile(view: View) -> Iterator[Callable[..., None]]:
    """`profile(changes, separate={…})`: a copy of the cpu profile, of that name, with fields
    of the whole or of a stage changed. It may be applied again."""
    plain = json.loads(view.kubectl("get", "dubprofile", "cpu", "-o", "json"))["spec"]

    def apply(**changes: Any) -> None:
        spec = json.loads(json.dumps(plain))
        for key, value in changes.items():
            if key in STAGES:
                spec["stages"][key] |= value
            else:
                spec[key] = value
        kind = {"apiVersion": "dubjob.dev/v1alpha1", "kind": "DubProfile"}
        body = {**kind, "metadata": {"name": "special"}, "spec": spec}
        view.kubectl("apply", "-f", "-", stdin=json.dumps(body))

    yield apply
    view.kubectl("delete", "dubprofile", "special", "--ignore-not-found")


def test_scheduling_fields_reach_the_pod(view: View, profile: Callable[..., None]) -> None:
    for item in (PRIORITY, RUNTIME):
        view.kubectl("apply", "-f", "-", stdin=json.dumps(item))
    labels = {"kueue.x-k8s.io/priority-class": "late"}
    profile(
        separate={**SCHEDULING, "labels": labels, "annotations": {"team": "dubs"}},
        propagatedLabels=["cost-centre"], sameNode=True,
    )  # fmt: skip
    charged = manifest("scheduled", profile="special")
    charged["metadata"]["labels"] = {"cost-centre": "news", "private": "yes"}
    view.kubectl("apply", "-f", "-", stdin=json.dumps(charged))
    ingest = view.pod_of("scheduled", "ingest")
    binding = {
        "apiVersion": "v1", "kind": "Binding", "metadata": {"name": ingest["metadata"]["name"]},
        "target": {"apiVersion": "v1", "kind": "Node", "name": "node-7"},
    }  # fmt: skip
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{ingest['metadata']['name']}/binding"
    view.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(binding))
    view.succeed("scheduled", "ingest")

    pod = view.pod_of("scheduled", "separate")
    told, said = pod["spec"], pod["metadata"]
    for field in ("nodeSelector", "topologySpreadConstraints", "runtimeClassName",
                  "priorityClassName", "schedulerName", "resourceClaims"):  # fmt: skip
        assert told[field] == SCHEDULING[field], field
    assert SCHEDULING["tolerations"][0] in told["tolerations"]
    assert told["priority"] == PRIORITY["value"]
    assert told["containers"][0]["resources"]["claims"] == [{"name": "gpu"}]
    assert told["affinity"]["podAntiAffinity"] == SCHEDULING["affinity"]["podAntiAffinity"]
    assert "node-7" in json.dumps(told["affinity"]["nodeAffinity"])
    assert said["labels"] | labels | {"cost-centre": "news"} == said["labels"]
    assert "private" not in said["labels"]
    assert said["annotations"]["team"] == "dubs"


def test_invalid_engine_setting_is_named(view: View, profile: Callable[..., None]) -> None:
    profile(separate={"parameters": {"window": {"seconds": 7}}})
    view.apply("misset", profile="special")
    assert "stages.separate.parameters.window" in view.until_reason("misset", "ProfileInvalid")
    profile(separate={"parameters": {"window": 7}})
    view.pod_of("misset", "ingest")


def test_changed_profile_does_not_disturb_a_running_stage(
    view: View, profile: Callable[..., None]
) -> None:
    profile()
    view.apply("steady", profile="special")
    pod = view.pod_of("steady", "ingest")
    view.play(pod, "Running")
    profile(ingest={"image": "changed:2"}, separate={"image": "changed:2"})
    view.succeed("steady", "ingest")
    later = view.pod_of("steady", "separate")
    assert view.pod_of_uid(pod), "the running pod was disturbed"
    assert later["spec"]["containers"][0]["image"] == "changed:2"
    first = view.dubjob("steady")["status"]["stages"][0]
    assert (first["run"], first["attempts"]) == (1, 1)


def test_too_many_disruptions_fail_it(view: View, profile: Callable[..., None]) -> None:
    profile(maxDisruptions=1)
    view.apply("drained", profile="special")
    for _ in range(2):
        pod = view.pod_of("drained", "ingest")
        view.play(pod, "Running")
        _drain(view, pod)
    done = view.finished("drained")
    assert done["status"]["stages"][0]["reason"] == "TooManyDisruptions"
    view.until("the Job to go", lambda: view.stages_of("drained") == [])


def _drain(view: View, pod: Object) -> None:
    """As the kubelet ends a pod that was evicted."""
    target = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
    status = {"status": {"phase": "Failed", "conditions": [target]}}
    view.kubectl(
        "patch", "pod", pod["metadata"]["name"], "--subresource=status", "-p", json.dumps(status)
    )


def test_pod_refused_by_admission_is_quoted(view: View) -> None:
    limits = {
        "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "tiny"},
        "spec": {"limits": [{"type": "Container", "max": {"memory": "1Mi"}}]},
    }  # fmt: skip
    view.kubectl("apply", "-f", "-", stdin=json.dumps(limits))
    try:
        view.apply("refused", deadlines={"startSeconds": 5})
        done = view.finished("refused", timeout=90)
    finally:
        view.kubectl("delete", "limitrange", "tiny")
    stage = done["status"]["stages"][0]
    assert stage["reason"] == "StartDeadlineExceeded"
    assert "PodRefused" in stage["message"]
    assert "maximum memory usage per Container is 1Mi" in stage["message"]
