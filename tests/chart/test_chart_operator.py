"""The operator's chart, area by area."""

from __future__ import annotations

import pytest
import yaml
from chart_view import OPERATOR, ROOT, Object, Rendered, complaint, render

SYSTEM = "dubjob-system"


def test_everything_optional_is_off() -> None:
    kinds = {each["kind"] for each in render(OPERATOR)}
    assert kinds == {
        "CustomResourceDefinition", "ServiceAccount", "ClusterRole", "ClusterRoleBinding",
        "Role", "RoleBinding", "Deployment",
        "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
    }  # fmt: skip


def test_crds_match_the_api_models_and_are_kept() -> None:
    found = render(OPERATOR).of("CustomResourceDefinition")
    assert set(found) == {
        "dubjobs.dubjob.dev", "dubprofiles.dubjob.dev", "clusterdubprofiles.dubjob.dev",
    }  # fmt: skip
    for definition in found.values():
        assert definition["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
        plural = definition["spec"]["names"]["plural"]
        assert (
            definition["spec"] == yaml.safe_load((ROOT / f"crds/{plural}.yaml").read_text())["spec"]
        )


def test_crds_can_be_deleted_with_the_release() -> None:
    found = render(OPERATOR, crds__keep=False).of("CustomResourceDefinition")
    assert len(found) == 3
    for definition in found.values():
        assert "annotations" not in definition["metadata"]


def test_crds_can_be_omitted() -> None:
    assert not render(OPERATOR, crds__enabled=False).of("CustomResourceDefinition")


def rules(role: Object) -> set[tuple[str, str]]:
    """Resource and verb of everything that the role allows."""
    return {
        (resource, verb)
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_operator_has_minimal_permissions() -> None:
    """No secrets, no wildcard, no writing of anything but Jobs, events and status."""
    allowed = rules(render(OPERATOR).of("ClusterRole")["dubjob-operator"])
    assert {(what, verb) for what, verb in allowed if verb not in ("get", "list", "watch")} == {
        ("dubjobs/status", "update"), ("dubprofiles/status", "update"),
        ("clusterdubprofiles/status", "update"), ("jobs", "create"), ("jobs", "delete"),
        ("events", "create"),
    }  # fmt: skip
    assert not {"secrets", "*"} & {what for what, _ in allowed}


def test_namespaced_operator_has_no_other_permissions() -> None:
    found = render(OPERATOR, watchNamespaces=["one", "two"])
    everywhere = rules(found.of("ClusterRole")["dubjob-operator"])
    assert {what for what, _ in everywhere} == {"clusterdubprofiles", "clusterdubprofiles/status"}
    roles = [each for each in found if each["kind"] == "Role" and ("jobs", "create") in rules(each)]
    assert {each["metadata"]["namespace"] for each in roles} == {"one", "two"}
    bindings = [each for each in found if each["kind"] == "RoleBinding"]
    assert {each["metadata"]["namespace"] for each in bindings} == {"one", "two", SYSTEM}
    assert all(each["subjects"][0]["namespace"] == SYSTEM for each in bindings)
    assert environment(found)["WATCH_NAMESPACES"] == "one,two"


def test_log_permission_depends_on_read_progress() -> None:
    for wanted in (True, False):
        found = render(OPERATOR, readProgress=wanted)
        allowed = rules(found.of("ClusterRole")["dubjob-operator"])
        assert (("pods/log", "get") in allowed) is wanted
        assert environment(found)["READ_PROGRESS"] == str(wanted).lower()


def test_queue_permissions_depend_on_read_workloads() -> None:
    for wanted in (True, False):
        found = render(OPERATOR, readWorkloads=wanted)
        allowed = rules(found.of("ClusterRole")["dubjob-operator"])
        queues = {("workloads", "list"), ("localqueues/pendingworkloads", "get")}
        assert allowed & queues == (queues if wanted else set())
        assert environment(found)["READ_WORKLOADS"] == str(wanted).lower()


def test_aggregated_roles_include_dubjobs() -> None:
    found = render(OPERATOR, rbac__aggregateRoles=True).of("ClusterRole")
    prefix = "rbac.authorization.k8s.io/aggregate-to-"
    granted: dict[str, set[tuple[str, str]]] = {}
    for role in found.values():
        for label in role["metadata"]["labels"]:
            if label.startswith(prefix):
                granted.setdefault(label.removeprefix(prefix), set()).update(rules(role))
    assert set(granted) == {"view", "edit", "admin"}
    assert granted["view"] >= {
        ("dubjobs", "watch"),
        ("dubprofiles", "get"),
        ("dubjobs/status", "get"),
    }
    assert not {verb for _, verb in granted["view"]} - {"get", "list", "watch"}
    assert granted["edit"] >= granted["view"] | {("dubjobs", "create"), ("dubjobs", "delete")}
    writable = {what for what, verb in granted["admin"] if verb not in ("get", "list", "watch")}
    assert writable == {"dubjobs", "dubprofiles"}, "status is not for namespaces to write"
    edited = {what for what, verb in granted["edit"] if verb not in ("get", "list", "watch")}
    assert edited == {"dubjobs"}, "who creates DubJobs chooses neither images nor commands"


def test_profiles_of_the_cluster_can_be_read_by_groups() -> None:
    found = render(OPERATOR, rbac={"aggregateRoles": True, "clusterProfileViewers": ["dubbers"]})
    binding = found.of("ClusterRoleBinding")["dubjob-view-cluster-profiles"]
    role = found.of("ClusterRole")[binding["roleRef"]["name"]]
    assert {each["name"] for each in binding["subjects"]} == {"dubbers"}
    assert rules(role) == {("clusterdubprofiles", verb) for verb in ("get", "list", "watch")}
    nobody = render(OPERATOR, rbac={"aggregateRoles": True, "clusterProfileViewers": []})
    assert set(nobody.of("ClusterRoleBinding")) == {"dubjob-operator"}


def container(found: Rendered) -> Object:
    (only,) = found.one("Deployment")["spec"]["template"]["spec"]["containers"]
    return dict(only)


def environment(found: Rendered) -> dict[str, str]:
    return {each["name"]: each.get("value", "") for each in container(found)["env"]}


def test_operator_pod_meets_pod_security_restricted() -> None:
    found = render(OPERATOR)
    pod = found.one("Deployment")["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(found)["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip


def test_image_tag_defaults_to_the_app_version() -> None:
    chart = yaml.safe_load((ROOT / "charts/dubjob-operator/Chart.yaml").read_text())
    assert container(render(OPERATOR))["image"].endswith(f":{chart['appVersion']}")
    found = render(OPERATOR, image={"repository": "r.example/op", "tag": "7@sha256:00"})
    assert container(found)["image"] == "r.example/op:7@sha256:00"


def test_image_can_be_pinned_by_digest() -> None:
    digest = "sha256:" + "0f" * 32
    found = render(OPERATOR, image={"repository": "r.example/op", "tag": "7", "digest": digest})
    assert container(found)["image"] == f"r.example/op:7@{digest}"
    assert "/image/digest" in complaint(OPERATOR, image__digest="sha256:00")


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        ({}, {"runAsUser": 1000, "runAsGroup": 1000}),
        ({"securityContext__runAsUser": 1000670000}, {"runAsUser": 1000670000, "runAsGroup": 1000}),
        ({"securityContext": {"runAsUser": None, "runAsGroup": None}}, {}),
        ({"securityContext": None}, {}),
    ],
)
def test_ids_of_the_operator_can_be_left_to_the_cluster(given: Object, ids: Object) -> None:
    """As OpenShift requires."""
    pod = render(OPERATOR, **given).one("Deployment")["spec"]["template"]["spec"]
    security = pod["securityContext"]
    assert security == {
        "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}, **ids,
    }  # fmt: skip


def test_admission_policies_are_optional() -> None:
    kind = "ValidatingAdmissionPolicy"
    assert set(render(OPERATOR).of(kind)) == {"dubjob-operator"}
    both = render(OPERATOR, approvalPolicy__enabled=True)
    assert set(both.of(kind)) == set(both.of(f"{kind}Binding"))
    assert set(both.of(kind)) == {"dubjob-operator", "dubjob-approval"}
    assert rules(both.of("ClusterRole")["dubjob-approver"]) == {("dubjobs/approve", "update")}
    assert not render(OPERATOR, admissionPolicy__enabled=False).of(kind)


def test_scheduling_of_the_operator_is_configurable() -> None:
    found = render(
        OPERATOR, nodeSelector={"pool": "system"}, tolerations=[{"operator": "Exists"}],
        affinity={"podAntiAffinity": {}}, imagePullSecrets=[{"name": "registry"}], replicas=2,
    )  # fmt: skip
    spec = found.one("Deployment")["spec"]
    pod = spec["template"]["spec"]
    assert spec["replicas"] == 2
    assert pod["nodeSelector"] == {"pool": "system"}
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert pod["affinity"] == {"podAntiAffinity": {}}
    assert pod["imagePullSecrets"] == [{"name": "registry"}]


def test_metrics_can_be_disabled() -> None:
    found = render(OPERATOR, metrics__enabled=False)
    assert environment(found)["METRICS_PORT"] == "0"
    assert [port["name"] for port in container(found)["ports"]] == ["health"]


@pytest.mark.parametrize("kind", ["PodMonitor", "ServiceMonitor"])
def test_monitors_select_the_metrics_port(kind: str) -> None:
    value = {"PodMonitor": "metrics__podMonitor", "ServiceMonitor": "metrics__serviceMonitor"}
    found = render(OPERATOR, **{value[kind]: True, "metrics__labels": {"release": "prometheus"}})
    monitor = found.one(kind)
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    pod = found.one("Deployment")["spec"]["template"]
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    if kind == "ServiceMonitor":
        service = found.one("Service")
        assert wanted <= service["metadata"]["labels"].items()
        assert monitor["spec"]["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]
        assert service["spec"]["ports"][0]["targetPort"] == "metrics"
        wanted = service["spec"]["selector"].items()
    else:
        assert monitor["spec"]["podMetricsEndpoints"][0]["port"] == "metrics"
    assert wanted <= pod["metadata"]["labels"].items()


def test_alerts_and_dashboard_match_the_files() -> None:
    found = render(OPERATOR, metrics__alerts=True, metrics__dashboard=True)
    (group,) = found.one("PrometheusRule")["spec"]["groups"]
    assert {rule["alert"] for rule in group["rules"]} == {
        "DubJobNoLeader", "DubJobReconcileErrors", "DubJobStagesFail", "DubJobNoPods",
        "DubJobQueueLong",
    }  # fmt: skip
    dashboard = found.one("ConfigMap")
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert yaml.safe_load(dashboard["data"]["dubjob.json"])["panels"]


@pytest.mark.parametrize(("replicas", "left"), [(1, 0), (2, 1), (3, 2)])
def test_drain_evicts_one_replica_and_is_never_blocked(replicas: int, left: int) -> None:
    found = render(OPERATOR, podDisruptionBudget__enabled=True, replicas=replicas)
    budget = found.one("PodDisruptionBudget")["spec"]
    deployment = found.one("Deployment")["spec"]
    assert "minAvailable" not in budget
    assert budget["maxUnavailable"] >= 1
    assert deployment["replicas"] - budget["maxUnavailable"] == left
    labels = deployment["template"]["metadata"]["labels"]
    assert budget["selector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize("metrics", [True, False])
def test_network_policy_allows_only_health_and_metrics(metrics: bool) -> None:
    found = render(OPERATOR, networkPolicy__enabled=True, metrics__enabled=metrics)
    policy = found.one("NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress"]
    open_ports = {port["port"] for port in policy["ingress"][0]["ports"]}
    assert open_ports == {port["name"] for port in container(found)["ports"]}


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"replicaCount": 2}, "replicaCount"),
        ({"logLevel": "LOUD"}, "/logLevel"),
        ({"replicas": -1}, "/replicas"),
        ({"watchNamespaces": ["Not A Name"]}, "/watchNamespaces/0"),
        ({"image": {"repository": ""}}, "image.repository is empty: set it to an operator image"),
        ({"image": {"repository": 1}}, "/image/repository"),
        ({"metrics": {"podmonitor": True}}, "podmonitor"),
        ({"crds": {"enabled": "yes"}}, "/crds/enabled"),
    ],
)
def test_unknown_values_are_named(values: Object, word: str) -> None:
    assert word in complaint(OPERATOR, **values)
