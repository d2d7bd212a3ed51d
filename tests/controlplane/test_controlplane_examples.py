"""Every example is applied to the real API server, as its own first lines say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest
import yaml
from control_plane_view import NAMESPACE, ROOT, Object, View

from local_cluster.control_plane import ControlPlane

EXAMPLES = ROOT / "examples"
FILES = sorted(
    str(file.relative_to(EXAMPLES))
    for file in (*EXAMPLES.glob("*.yaml"), *EXAMPLES.glob("own-translation/*.yaml"))
)
OTHERS = {
    "kueue.x-k8s.io/v1beta2": (("ResourceFlavor", "Cluster"), ("ClusterQueue", "Cluster"),
                               ("LocalQueue", "Namespaced")),
    "scheduling.volcano.sh/v1beta1": (("Queue", "Cluster"),),
}  # fmt: skip
"""Kinds of schedulers that are not here: their schemas take anything."""


def definition(api_version: str, kind: str, scope: str) -> Object:
    group, _, version = api_version.partition("/")
    plural = f"{kind.lower()}s"
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, a test"},
        },
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [{"name": version, "served": True, "storage": True,
                          "schema": {"openAPIV3Schema": anything}}],
        },
    }  # fmt: skip


@pytest.fixture(scope="module")
def schedulers(installed: View) -> None:
    crds = [definition(group, *kind) for group, kinds in OTHERS.items() for kind in kinds]
    everything = json.dumps({"apiVersion": "v1", "kind": "List", "items": crds})
    installed.kubectl("apply", "-f", "-", stdin=everything)
    names = [f"crd/{crd['metadata']['name']}" for crd in crds]
    installed.kubectl("wait", "--for=condition=Established", "--timeout=30s", *names)


@pytest.fixture
def cleared(installed: View, schedulers: None) -> Iterator[View]:
    """No operator runs: only what is stored counts."""
    yield installed
    installed.clear()
    installed.kubectl("delete", "dubprofiles", "volcano", "--ignore-not-found")
    installed.kubectl("delete", "clusterdubprofiles", "studio", "--ignore-not-found")


@pytest.mark.parametrize("file", FILES)
def test_example_is_stored_as_written(cleared: View, file: str) -> None:
    path = EXAMPLES / file
    cleared.kubectl("apply", "--server-side", "-f", str(path))
    assert cleared.attempt("diff", "-f", str(path)).stdout == "", "nothing drifts"
    for document in yaml.safe_load_all(path.read_text()):
        if document["apiVersion"] == "v1":
            continue
        name = document["metadata"]["name"]
        stored = cleared.kubectl("get", document["kind"], name, "-o", "json")
        assert json.loads(stored).get("spec") == document.get("spec")


def test_many_videos_by_kustomize(cleared: View) -> None:
    cleared.kubectl("apply", "-k", str(EXAMPLES / "many-kustomize"))
    found = {item["metadata"]["name"]: item["spec"] for item in cleared.items("dubjobs")}
    assert set(found) == {"lecture-01-es", "lecture-02-es", "lecture-02-ca"}
    assert {spec["sourceLanguage"] for spec in found.values()} == {"en"}
    assert found["lecture-02-ca"]["source"] == {"path": "lectures/02.mp4"}


def test_many_videos_by_a_helm_loop(cleared: View, control_plane: ControlPlane) -> None:
    command = [
        str(control_plane.tools.helm), "--kubeconfig", str(control_plane.kubeconfig),
        "-n", NAMESPACE,
    ]  # fmt: skip
    for languages in ("{es,ca}", "{es}"):
        subprocess.run(
            [*command, "upgrade", "--install", "lectures", str(EXAMPLES / "many-helm"),
             "--set", f"languages={languages}"],
            check=True, capture_output=True,
        )  # fmt: skip
        found = {item["metadata"]["name"] for item in cleared.items("dubjobs")}
        tags = languages.strip("{}").split(",")
        assert found == {f"lecture-0{number}-{tag}" for number in (1, 2) for tag in tags}
    subprocess.run([*command, "uninstall", "lectures"], check=True, capture_output=True)


def test_the_queue_reaches_the_pods_of_kueue_and_volcano(cleared: View) -> None:
    cleared.start_operator()
    for file in ("kueue.yaml", "volcano.yaml", "gpu-mig.yaml"):
        cleared.kubectl("apply", "-f", str(EXAMPLES / file))
    job = cleared.until("Kueue's Job", lambda: cleared.items("jobs", "-l", _of("queued-es")))[0]
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "dubs"
    pod = cleared.pod_of("scheduled-es", "ingest")
    assert pod["spec"]["schedulerName"] == "volcano"
    assert pod["metadata"]["annotations"]["scheduling.volcano.sh/queue-name"] == "dubs"
    cleared.succeed("keynote-es", "ingest")
    (container,) = cleared.pod_of("keynote-es", "separate")["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/mig-1g.10gb"] == "1"
    token = "HF_TOKEN" in {entry["name"] for entry in container["env"]}
    assert not token, "the stage does not ask for it: only the Job that pulls the models has it"


def _of(dubjob: str) -> str:
    return f"dubjob.dev/dubjob={dubjob}"
