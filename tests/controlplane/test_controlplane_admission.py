"""The admission policies of the chart: what the operator's account can create, who can approve."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import count
from typing import Any

import pytest
from control_plane_view import Object, View, manifest

from local_cluster.control_plane import ControlPlane

FENCE = "ValidatingAdmissionPolicy 'dubjob-operator'"
Change = Callable[[Object], Any]


def pod_of(job: Object) -> Object:
    """The spec of the pods of the Job."""
    found: Object = job["spec"]["template"]["spec"]
    return found


def add_volume(**volume: Any) -> Change:
    return lambda job: pod_of(job)["volumes"].append({"name": "more", **volume})


def stage_container(**fields: Any) -> Change:
    """Change the security context of the stage's container."""
    return lambda job: pod_of(job)["containers"][0]["securityContext"].update(fields)


def init_container(**fields: Any) -> Change:
    return lambda job: pod_of(job)["initContainers"][0]["securityContext"].update(fields)


def pods(**fields: Any) -> Change:
    return lambda job: pod_of(job).update(fields)


FORBIDDEN: dict[str, tuple[Change, str]] = {
    "label": (lambda job: job["metadata"]["labels"].update(
        {"app.kubernetes.io/managed-by": "me"}), "managed-by"),
    "other labels": (
        lambda job: job["metadata"].update(labels={"a": "b"}),
        "managed-by",
    ),
    "pods of other labels": (
        lambda job: job["spec"]["template"]["metadata"].update(labels={"a": "b"}),
        "pods of a Job must have the label",
    ),
    "no owner": (lambda job: job["metadata"].pop("ownerReferences"), "that a DubJob controls"),
    "no controller": (lambda job: job["metadata"]["ownerReferences"][0].update(controller=False),
                      "that a DubJob controls"),
    "other owner": (lambda job: job["metadata"]["ownerReferences"][0].update(
        kind="CronJob", apiVersion="batch/v1"), "that a DubJob controls"),
    "token": (pods(automountServiceAccountToken=True), "automountServiceAccountToken"),
    "default token": (lambda job: pod_of(job).pop("automountServiceAccountToken"),
                      "automountServiceAccountToken"),
    "account": (pods(serviceAccountName="cluster-admin"), "allowedServiceAccountNames"),
    "node's network": (pods(hostNetwork=True), "network, processes or IPC"),
    "node's processes": (pods(hostPID=True), "network, processes or IPC"),
    "node's IPC": (pods(hostIPC=True), "network, processes or IPC"),
    "node's files": (add_volume(hostPath={"path": "/"}), "volumes of a Job"),
    "secret": (add_volume(secret={"secretName": "keys"}), "volumes of a Job"),
    "projected token": (add_volume(projected={"sources": [
        {"serviceAccountToken": {"path": "token"}}]}), "volumes of a Job"),
    "pod as root": (lambda job: pod_of(job)["securityContext"].update(runAsNonRoot=False),
                    "runAsNonRoot"),
    "pod of user 0": (lambda job: pod_of(job)["securityContext"].update(runAsUser=0),
                      "runAsNonRoot"),
    "no seccomp": (
        lambda job: pod_of(job)["securityContext"].pop("seccompProfile"),
        "seccomp profile",
    ),
    "container without seccomp": (
        stage_container(seccompProfile={"type": "Unconfined"}),
        "seccomp profile",
    ),
    "sysctl": (
        lambda job: pod_of(job)["securityContext"].update(
            sysctls=[{"name": "net.core.somaxconn", "value": "9"}]
        ),
        "seccomp profile",
    ),
    "container of user 0": (stage_container(runAsUser=0), "unprivileged"),
    "privileged": (stage_container(privileged=True, allowPrivilegeEscalation=True),
                   "unprivileged"),
    "privileged init": (init_container(privileged=True, allowPrivilegeEscalation=True),
                        "unprivileged"),
    "capability": (stage_container(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
                   "unprivileged"),
    "capabilities kept": (stage_container(capabilities={}), "unprivileged"),
    "no context": (lambda job: pod_of(job)["containers"][0].pop("securityContext"),
                   "unprivileged"),
    "node's port": (lambda job: pod_of(job)["containers"][0].update(
        ports=[{"containerPort": 80, "hostPort": 80}]), "ports of the node"),
}  # fmt: skip


@pytest.fixture(scope="module")
def job(installed: View) -> Iterator[Object]:
    """A Job as the operator creates it."""
    installed.start_operator()
    installed.apply("fenced")
    installed.pod_of("fenced", "ingest")
    (found,) = installed.items("jobs", "-l", "dubjob.dev/dubjob=fenced")
    installed.kill_operators()
    metadata = {key: found["metadata"][key] for key in ("labels", "ownerReferences")}
    for noise in ("controller-uid", "job-name"):
        for labels in (metadata["labels"], found["spec"]["template"]["metadata"]["labels"]):
            labels.pop(noise, None)
            labels.pop(f"batch.kubernetes.io/{noise}", None)
    del found["spec"]["selector"]
    yield {
        "apiVersion": "batch/v1", "kind": "Job", "spec": found["spec"],
        "metadata": {"name": "copy", **metadata},
    }  # fmt: skip
    installed.clear()


def create(view: View, job: Object, *arguments: str) -> str:
    """What the API server answers to the operator's account, without creating the Job."""
    done = view.attempt(
        f"--kubeconfig={view.folder / 'operator.kubeconfig'}",
        *("create", "--dry-run=server", "-f", "-", *arguments),
        stdin=json.dumps(job),
    )
    return done.stdout + done.stderr


def test_job_of_a_stage_is_admitted(installed: View, job: Object) -> None:
    assert "created (server dry run)" in create(installed, job)


@pytest.mark.parametrize("name", FORBIDDEN)
def test_other_job_is_refused(installed: View, job: Object, name: str) -> None:
    change, reason = FORBIDDEN[name]
    changed = deepcopy(job)
    change(changed)
    answer = create(installed, changed)
    assert FENCE in answer
    assert reason in answer


def test_job_in_a_namespace_of_kubernetes_is_refused(installed: View, job: Object) -> None:
    assert FENCE in create(installed, job, "-n", "kube-system")


def test_jobs_of_others_are_not_deleted(installed: View, job: Object) -> None:
    other = {**job, "metadata": {"name": "theirs"}}
    installed.kubectl("create", "-f", "-", stdin=json.dumps(other))
    config = f"--kubeconfig={installed.folder / 'operator.kubeconfig'}"
    answer = installed.attempt(config, "delete", "job", "theirs", "--dry-run=server")
    assert FENCE in answer.stderr
    installed.kubectl("delete", "job", "theirs", "--wait=false")


def test_administrators_are_not_fenced(installed: View, job: Object) -> None:
    other = {**job, "metadata": {"name": "theirs"}}
    done = installed.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(other))
    assert "created" in done


def test_service_account_can_be_allowed(
    installed: View, job: Object, control_plane: ControlPlane
) -> None:
    changed = deepcopy(job)
    pods(serviceAccountName="puller")(changed)
    values = "admissionPolicy.allowedServiceAccountNames={puller}"
    try:
        installed.render(control_plane, "--set", values)
        installed.until("the policy", lambda: FENCE not in create(installed, changed))
    finally:
        installed.render(control_plane)
        installed.until("the policy", lambda: FENCE in create(installed, changed))


def test_policies_have_no_type_errors(installed: View, control_plane: ControlPlane) -> None:
    installed.render(control_plane, "--set", "approvalPolicy.enabled=true")

    def checked() -> list[Object]:
        found = installed.items("validatingadmissionpolicies")
        return found if all("typeChecking" in each.get("status", {}) for each in found) else []

    policies = installed.until("the types to be checked", checked)
    assert {each["metadata"]["name"] for each in policies} == {"dubjob-operator", "dubjob-approval"}
    assert [each["status"]["typeChecking"] for each in policies] == [{}, {}]
    remove_approval_policy(installed, control_plane)


def test_only_approvers_approve(installed: View, control_plane: ControlPlane) -> None:
    installed.render(
        control_plane, "--set", "approvalPolicy.enabled=true", "--set", "rbac.aggregateRoles=true"
    )
    installed.apply("reviewed", suspend=True)
    for user in ("ed", "rita"):
        installed.kubectl("create", "rolebinding", user, "--clusterrole=edit", f"--user={user}")
    installed.kubectl("create", "rolebinding", "r", "--clusterrole=dubjob-approver", "--user=rita")

    def annotate(user: str, *pairs: str) -> str:
        done = installed.attempt("annotate", "dubjob", "reviewed", "--overwrite", *pairs,
                                 f"--as={user}")  # fmt: skip
        return done.stdout + done.stderr

    try:
        installed.until("the rights", lambda: "annotated" in annotate("ed", "note=1"))
        # An attempt before the policy is in force succeeds, so each has its own value.
        attempts = count()
        installed.until(
            "the policy",
            lambda: "ed cannot approve" in annotate("ed", f"dubjob.dev/approve={next(attempts)}"),
        )
        assert "annotated" in annotate("rita", "dubjob.dev/approve=x")
        assert "annotated" in annotate("ed", "note=2"), "an approval of others stays"
        assert "ed cannot approve" in annotate("ed", "dubjob.dev/approve=y")
        assert "annotated" in annotate("ed", "dubjob.dev/approve-"), "a removal approves nothing"
        approved = manifest("born")
        approved["metadata"]["annotations"] = {"dubjob.dev/approve": "x"}
        born = installed.attempt("create", "-f", "-", "--as=ed", stdin=json.dumps(approved))
        assert "ed cannot approve" in born.stderr
    finally:
        remove_approval_policy(installed, control_plane)
        installed.kubectl("delete", "rolebinding", "ed", "rita", "r")
        installed.kubectl("delete", "dubjob", "reviewed")


def remove_approval_policy(view: View, control_plane: ControlPlane) -> None:
    """The chart with its defaults again."""
    view.render(control_plane)
    for kind in ("validatingadmissionpolicy", "validatingadmissionpolicybinding"):
        view.kubectl("delete", kind, "dubjob-approval", "--ignore-not-found")
    view.kubectl("delete", "clusterrole", "dubjob-approver", "--ignore-not-found")
