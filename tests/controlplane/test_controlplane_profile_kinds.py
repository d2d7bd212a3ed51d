"""DubProfile and ClusterDubProfile: which one is taken, whether it is accepted, and what
the API server refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from control_plane_view import NAMESPACE, Object, View, conditions, manifest

from dubstage.contract import ENGINE_NAMES

KINDS = ("DubProfile", "ClusterDubProfile")


def profile(kind: str, name: str, **spec: Any) -> Object:
    """A profile that can be used."""
    stages = {str(stage): {"engine": engines[0]} for stage, engines in ENGINE_NAMES.items()}
    return {
        "apiVersion": "dubjob.dev/v1alpha1", "kind": kind, "metadata": {"name": name},
        "spec": {"defaults": {"image": f"{kind.lower()}:1"}, "stages": stages, **spec},
    }  # fmt: skip


def apply(view: View, item: Object) -> None:
    view.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(item))


def accepted(view: View, kind: str, name: str) -> Object:
    """The condition Accepted of the current generation."""

    def find() -> Object | None:
        found = json.loads(view.kubectl("get", kind, name, "-o", "json"))
        condition = conditions(found).get("Accepted", {})
        current = found["metadata"]["generation"]
        return condition if condition.get("observedGeneration") == current else None

    condition: Object = view.until(f"{kind} {name} to be checked", find)
    return condition


@pytest.fixture
def cleared(view: View) -> Iterator[View]:
    """The operator runs; profiles of the test are deleted at its end."""
    yield view
    for kind in KINDS:
        view.kubectl("delete", kind, "own", "shared", "--ignore-not-found")
    view.kubectl("delete", "clusterdubprofile", "default", "--ignore-not-found")


def image_of(pod: Object) -> str:
    return str(pod["spec"]["containers"][0]["image"])


def test_omitted_reference_takes_the_namespaces_default_else_the_clusters(cleared: View) -> None:
    apply(cleared, profile("ClusterDubProfile", "default"))
    first, second = manifest("own-default"), manifest("cluster-default")
    for each in (first, second):
        del each["spec"]["profileRef"]
    cleared.kubectl("apply", "-f", "-", stdin=json.dumps(first))
    cleared.pod_of("own-default", "ingest")
    kept = json.loads(cleared.kubectl("get", "dubprofile", "default", "-o", "json"))
    cleared.kubectl("delete", "dubprofile", "default")
    try:
        cleared.kubectl("apply", "-f", "-", stdin=json.dumps(second))
        assert image_of(cleared.pod_of("cluster-default", "ingest")) == "clusterdubprofile:1"
        until_taken(cleared, "own-default", "DubProfile")
        until_taken(cleared, "cluster-default", "ClusterDubProfile")
        # The stage that runs is not disturbed; the next one takes what is there then.
        cleared.succeed("own-default", "ingest")
        assert image_of(cleared.pod_of("own-default", "separate")) == "clusterdubprofile:1"
        until_taken(cleared, "own-default", "ClusterDubProfile")
    finally:
        apply(cleared, profile("DubProfile", "default", **kept["spec"]))


def until_taken(view: View, name: str, kind: str) -> None:
    """Wait until the status of the DubJob names the default profile of this kind."""
    taken = {"kind": kind, "name": "default"}
    view.until(
        f"{name} to take the {kind}",
        lambda: view.dubjob(name).get("status", {}).get("profileRef") == taken,
    )


def test_kind_in_the_reference_decides(cleared: View) -> None:
    for kind in KINDS:
        apply(cleared, profile(kind, "own"))
    for kind in KINDS:
        name = f"by-{kind.lower()}"
        cleared.apply(name, profileRef={"kind": kind, "name": "own"})
        assert image_of(cleared.pod_of(name, "ingest")) == f"{kind.lower()}:1"


def test_missing_profile_names_where_it_was_looked_for(cleared: View) -> None:
    cleared.apply("nowhere", profile="absent")
    message = cleared.until_reason("nowhere", "ProfileNotFound")
    assert f"no DubProfile absent in namespace {NAMESPACE}" in message
    apply(cleared, profile("ClusterDubProfile", "shared"))
    cleared.apply("wrong-kind", profile="shared")
    cleared.until_reason("wrong-kind", "ProfileNotFound")


def test_cluster_profile_for_other_namespaces_is_refused_until_allowed(cleared: View) -> None:
    apply(cleared, profile("ClusterDubProfile", "shared", allowedNamespaces=["elsewhere"]))
    cleared.apply("foreign", profileRef={"kind": "ClusterDubProfile", "name": "shared"})
    assert NAMESPACE in cleared.until_reason("foreign", "ProfileForbidden")
    assert cleared.stages_of("foreign") == []
    allowed = ["elsewhere", NAMESPACE]
    apply(cleared, profile("ClusterDubProfile", "shared", allowedNamespaces=allowed))
    cleared.pod_of("foreign", "ingest")


@pytest.mark.parametrize("kind", KINDS)
def test_profile_reports_whether_it_is_accepted(cleared: View, kind: str) -> None:
    good = profile(kind, "own")
    apply(cleared, good)
    condition = accepted(cleared, kind, "own")
    assert (condition["status"], condition["reason"]) == ("True", "Accepted")
    broken = json.loads(json.dumps(good))
    broken["spec"]["stages"]["translate"]["engine"] = "babelfish"
    apply(cleared, broken)
    condition = accepted(cleared, kind, "own")
    assert (condition["status"], condition["reason"]) == ("False", "EngineUnknown")
    assert "spec.stages.translate.engine is babelfish" in condition["message"]
    cleared.apply("stopped", profileRef={"kind": kind, "name": "own"})
    assert "babelfish" in cleared.until_reason("stopped", "ProfileInvalid")
    cleared.kubectl("wait", kind, "own", "--for=condition=Accepted=False", "--timeout=5s")
    apply(cleared, good)
    assert accepted(cleared, kind, "own")["status"] == "True"
    cleared.pod_of("stopped", "ingest")


def test_stage_of_a_later_version_is_stored_and_ignored(cleared: View) -> None:
    later = profile("DubProfile", "own")
    later["spec"]["stages"]["lip-sync"] = {"engine": "wav2lip"}
    apply(cleared, later)
    assert accepted(cleared, "DubProfile", "own")["status"] == "True"
    stored = json.loads(cleared.kubectl("get", "dubprofile", "own", "-o", "json"))
    assert stored["spec"] == later["spec"]


def test_null_leaves_the_user_to_the_cluster(cleared: View) -> None:
    ids = {"runAsUser": None, "runAsGroup": None, "fsGroup": 2000}
    apply(cleared, profile("DubProfile", "own", securityContext=ids))
    cleared.apply("any-user", profile="own")
    security = cleared.pod_of("any-user", "ingest")["spec"]["securityContext"]
    assert "runAsUser" not in security
    assert security["fsGroup"] == 2000


def test_variables_and_pull_secrets_reach_the_pod(cleared: View) -> None:
    key = {"name": "API_KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "deepl"}}}
    source = {"configMapRef": {"name": "proxy", "optional": True}}
    rich = profile("DubProfile", "own", imagePullSecrets=[{"name": "registry"}])
    rich["spec"]["defaults"] |= {"env": [{"name": "LOG", "value": "1"}], "envFrom": [source]}
    rich["spec"]["stages"]["ingest"] |= {"env": [key], "networkAccess": "Egress"}
    apply(cleared, rich)
    cleared.apply("rich", profile="own")
    pod = cleared.pod_of("rich", "ingest")
    (container,) = pod["spec"]["containers"]
    assert key in container["env"]
    assert {"name": "LOG", "value": "1"} in container["env"]
    assert container["envFrom"] == [source]
    assert pod["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    assert pod["metadata"]["labels"]["dubjob.dev/network"] == "allowed"
    cleared.succeed("rich", "ingest")
    later = cleared.pod_of("rich", "separate")
    assert later["metadata"]["labels"]["dubjob.dev/network"] == "denied"
    assert key not in later["spec"]["containers"][0]["env"]


CLAIM = {"name": "gpu", "resourceClaimName": "a", "resourceClaimTemplateName": "b"}


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"dataClaim": "x"}, "dataClaim was renamed: use spec.dataClaimName"),
        ({"modelsClaim": "x"}, "modelsClaim was renamed: use spec.modelsClaimName"),
        ({"user": 7}, "use spec.securityContext.runAsUser"),
        ({"group": 7}, "use spec.securityContext.runAsGroup"),
        ({"fsGroup": 7}, "use spec.securityContext.fsGroup"),
        ({"network": True}, "use spec.stages.<stage>.networkAccess"),
        ({"allowedPriorityClasses": ["a"]}, "use spec.allowedPriorityClassNames"),
        ({"securityContext": {"runAsUser": 0}}, "runAsUser"),
        ({"stages": {"Not a name": {}}}, "a stage's name is lower case"),
        ({"defaults": {"engine": "ffmpeg"}}, "engine"),
        ({"defaults": {"env": [{"name": "DATA_DIR", "value": "/"}]}}, "the operator sets this"),
        ({"defaults": {"env": [{"name": "A"}]}}, "set exactly one of: value, valueFrom"),
        ({"defaults": {"env": [{"name": "A", "valueFrom": {}}]}}, "secretKeyRef"),
        ({"defaults": {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}},
         "duplicate"),
        ({"defaults": {"envFrom": [{}]}}, "set exactly one of: secretRef, configMapRef"),
        ({"defaults": {"resourceClaims": [{"name": "gpu"}]}}, "set exactly one of"),
        ({"defaults": {"resourceClaims": [CLAIM]}}, "set exactly one of"),
        ({"allowedQueueNames": ["a", "a"]}, "duplicate"),
        ({"queueName": "q" * 64}, "queueName"),
        ({"stages": {f"stage-{number}": {} for number in range(17)}}, "16"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", KINDS)
def test_schema_refuses_invalid_profiles(
    installed: View, kind: str, spec: dict[str, Any], says: str
) -> None:
    item = json.dumps(profile(kind, "refused", **spec))
    done = installed.attempt("apply", "--server-side", "-f", "-", stdin=item)
    assert done.returncode != 0
    assert says in done.stderr.replace("Duplicate", "duplicate")


def test_old_field_of_the_dubjob_is_refused_with_the_new_name(installed: View) -> None:
    old = manifest("old")
    old["spec"]["profile"] = "cpu"
    done = installed.attempt("apply", "-f", "-", stdin=json.dumps(old))
    assert "profile was renamed: use spec.profileRef" in done.stderr


def test_allowed_namespaces_are_only_for_the_cluster(installed: View) -> None:
    item = json.dumps(profile("DubProfile", "own", allowedNamespaces=[NAMESPACE]))
    done = installed.attempt("apply", "-f", "-", stdin=item)
    assert "spec.allowedNamespaces" in done.stderr
