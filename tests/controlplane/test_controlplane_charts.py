"""Both charts with the real Helm on a real API server: install, upgrade, roll back,
uninstall; no operator runs, and no pod."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from control_plane_view import IMAGES, NAMESPACE, ROOT, SYSTEM, Object, View, manifest

from dubstage.contract import Stage
from local_cluster.control_plane import ControlPlane
from local_cluster.tools import tools

PREVIOUS = ROOT / "tests/fixtures/dubjob-operator-0.1.0.tgz"
"""The previous chart, packaged: its CRDs were in `crds/`, its profiles in the
operator's release."""
ADOPT = ("--take-ownership", "--force-conflicts")


@dataclass
class Helm:
    """The real Helm, and kubectl, on a control plane of this module's own."""

    view: View
    plane: ControlPlane

    def __call__(self, *arguments: str | Path) -> str:
        done = subprocess.run(
            [str(self.plane.tools.helm), "--kubeconfig", str(self.plane.kubeconfig),
             *map(str, arguments)],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"helm {arguments}: {done.stderr}"
        return done.stdout

    def operator(self, *arguments: str) -> None:
        chart = ROOT / "charts/dubjob-operator"
        self("upgrade", "--install", "dubjob", chart, "-n", SYSTEM, "--create-namespace",
             "--set", "image.repository=r.example/operator", *arguments)  # fmt: skip

    def profiles(self, *arguments: str) -> None:
        chart = ROOT / "charts/dubjob-profiles"
        self("upgrade", "--install", "dubjob-profiles", chart, "-n", NAMESPACE,
             "--create-namespace", "--set", IMAGES, *arguments)  # fmt: skip

    def names(self, kind: str) -> set[str]:
        return {item["metadata"]["name"] for item in self.view.items(kind)}

    def get(self, kind: str, name: str) -> Object:
        found: Object = json.loads(self.view.kubectl("get", kind, name, "-o", "json"))
        return found


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    folder = tmp_path_factory.mktemp("charts")
    plane = ControlPlane(folder=folder, tools=tools(), logs=folder)
    plane.start()
    yield plane
    plane.stop()


@pytest.fixture
def helm(plane: ControlPlane) -> Iterator[Helm]:
    """No release, no CRD, no DubJob."""
    helm = Helm(View.of(plane), plane)
    yield helm
    for release, namespace in (("dubjob-profiles", NAMESPACE), ("dubjob", SYSTEM)):
        helm("uninstall", release, "-n", namespace, "--ignore-not-found")
    helm.view.kubectl("delete", "crd", "--all", "--timeout=60s")
    helm.view.kubectl("delete", "pvc,jobs", "--all", "--wait=false")
    helm.view.api.close()


def media(helm: Helm) -> None:
    """The claims, with a DubJob that is dubbed into them."""
    helm.view.kubectl("apply", "--server-side", "-k", str(ROOT / "data-pvc/base"))
    helm.view.kubectl("apply", "-f", "-", stdin=json.dumps(manifest("kept")))


def test_two_commands_install_everything(helm: Helm) -> None:
    helm.operator("--set", "replicas=0", "--set", "rbac.aggregateRoles=true")
    helm.profiles("--set", "networkPolicy.enabled=true,prune.enabled=true")
    assert helm.names("dubprofiles") == {"cpu", "gpu", "default"}
    assert helm.names("networkpolicies") == {
        "dubjob-stages", "dubjob-stages-with-network", "dubjob-model-pull", "dubjob-prune",
    }  # fmt: skip
    helm.view.kubectl("create", "rolebinding", "editor", "--clusterrole=edit", "--user=ed")

    def may(*what: str) -> bool:
        done = helm.view.attempt("auth", "can-i", *what, "--as=ed")
        return done.stdout.strip() == "yes"

    helm.view.until("the role edit to know DubJobs", lambda: may("create", "dubjobs"))
    assert not may("patch", "dubjobs", "--subresource=status")
    assert may("get", "dubprofiles")
    assert not may("create", "dubprofiles")
    assert may("list", "dubprofiles")
    assert may("list", "clusterdubprofiles"), "through the group of all users"
    helm.view.kubectl("create", "rolebinding", "owner", "--clusterrole=admin", "--user=ed")
    helm.view.until("the role admin to know profiles", lambda: may("create", "dubprofiles"))


def test_two_namespaces_have_releases_of_their_own(helm: Helm) -> None:
    everything = "modelPull.enabled=true,networkPolicy.enabled=true,prune.enabled=true"
    helm.operator("--set", "replicas=0")
    helm.profiles("--set", everything)
    chart = str(ROOT / "charts/dubjob-profiles")
    second = (
        "team-b",
        "--create-namespace",
        "--set",
        f"{everything},profiles.gpu=null",
        "--set",
        IMAGES,
    )
    helm("install", "dubjob-profiles", chart, "-n", *second)
    try:
        found = helm.view.kubectl("get", "dubprofiles", "-n", "team-b", "-o", "name").split()
        assert {each.rpartition("/")[2] for each in found} == {"cpu", "default"}
        assert helm.names("dubprofiles") == {"cpu", "gpu", "default"}
    finally:
        helm("uninstall", "dubjob-profiles", "-n", "team-b")
        helm.view.kubectl("delete", "namespace", "team-b", "--wait=false")


def test_upgrade_updates_crds_and_profiles_in_place(helm: Helm) -> None:
    helm.operator("--set", "replicas=0")
    helm.profiles()
    media(helm)
    before = helm.get("dubprofile", "cpu")
    # An older schema, as a release of long ago left it.
    old = {"description": "DubJob of long ago."}
    path = "/spec/versions/0/schema/openAPIV3Schema/description"
    helm.view.kubectl(
        "patch", "crd", "dubjobs.dubjob.dev", "--field-manager=helm", "--type=json",
        "-p", json.dumps([{"op": "replace", "path": path, "value": old["description"]}]),
    )  # fmt: skip
    helm.operator("--set", "replicas=0", "--set", "logLevel=DEBUG", "--force-conflicts")
    schema = helm.get("crd", "dubjobs.dubjob.dev")["spec"]["versions"][0]["schema"]
    assert schema["openAPIV3Schema"]["description"] != old["description"]
    helm.profiles("--set", "profiles.cpu.sameNode=true", "--set", "profiles.gpu=null")
    after = helm.get("dubprofile", "cpu")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["spec"]["sameNode"] is True
    assert helm.names("dubprofiles") == {"cpu", "default"}, "a dropped profile goes"
    helm("rollback", "dubjob-profiles", "1", "-n", NAMESPACE)
    assert helm.names("dubprofiles") == {"cpu", "default", "gpu"}
    assert "sameNode" not in helm.get("dubprofile", "cpu")["spec"]
    helm("rollback", "dubjob", "1", "-n", SYSTEM)
    assert "kept" in helm.names("dubjobs")


def test_uninstalling_keeps_media_models_and_dubjobs(helm: Helm) -> None:
    helm.operator("--set", "replicas=0")
    helm.profiles()
    media(helm)
    uid = helm.get("dubjob", "kept")["metadata"]["uid"]
    helm("uninstall", "dubjob-profiles", "-n", NAMESPACE)
    helm("uninstall", "dubjob", "-n", SYSTEM)
    assert helm.names("pvc") == {"dubjob-data", "dubjob-models"}
    assert helm.get("dubjob", "kept")["metadata"]["uid"] == uid
    assert helm.names("dubprofiles") == set()
    assert "dubjob-operator" not in helm.names("clusterroles")
    helm.operator("--set", "replicas=0")
    assert helm.get("dubjob", "kept")["metadata"]["uid"] == uid, "and a new release takes over"


def test_crds_can_be_deleted_with_the_release(helm: Helm) -> None:
    helm.operator("--set", "replicas=0", "--set", "crds.keep=false")
    helm("uninstall", "dubjob", "-n", SYSTEM, "--wait")
    helm.view.until("the CRDs to go", lambda: not helm.names("crd"))


def test_from_the_previous_chart(helm: Helm) -> None:
    """DubProfiles were cluster-scoped and part of the operator's release: the scope of a CRD
    cannot change, so both are removed first. DubJobs stay."""
    helm.view.attempt("create", "namespace", NAMESPACE)
    helm("install", "dubjob", PREVIOUS, "-n", SYSTEM, "--create-namespace", "--set", "replicas=0")
    helm.view.kubectl("apply", "--server-side", "-k", str(ROOT / "data-pvc/base"))
    kept = manifest("kept")
    del kept["spec"]["profileRef"]
    helm.view.kubectl("apply", "-f", "-", stdin=json.dumps(kept))
    helm("uninstall", "dubjob", "-n", SYSTEM)
    helm.view.kubectl("delete", "crd", "dubprofiles.dubjob.dev")
    helm.operator("--set", "replicas=0", *ADOPT)
    helm.profiles()
    assert helm.names("dubprofiles") == {"cpu", "gpu", "default"}
    owner = helm.get("crd", "dubjobs.dubjob.dev")["metadata"]["annotations"]
    assert owner["meta.helm.sh/release-name"] == "dubjob"
    assert "kept" in helm.names("dubjobs")
    # Later upgrades need no flag.
    helm.operator("--set", "replicas=0")
    assert "kept" in helm.names("dubjobs")


def test_foreign_profile_is_not_taken_over(helm: Helm) -> None:
    helm.operator("--set", "replicas=0")
    stage = {"image": "own:1", "engine": "own"}
    own = {
        "apiVersion": "dubjob.dev/v1alpha1", "kind": "DubProfile", "metadata": {"name": "default"},
        "spec": {"stages": {str(name): stage for name in Stage}},
    }  # fmt: skip
    helm.view.kubectl("create", "-f", "-", stdin=json.dumps(own))
    with pytest.raises(AssertionError, match="cannot be imported"):
        helm.profiles("--force-conflicts")
    assert helm.get("dubprofile", "default")["spec"] == own["spec"]
    helm.profiles("--set", "defaultProfile=")
    assert helm.names("dubprofiles") == {"cpu", "gpu", "default"}


def test_api_server_accepts_every_object_of_both_charts(helm: Helm) -> None:
    """Every option, except the kinds of the Prometheus Operator, which is not installed."""
    helm.operator(
        "--set", "replicas=2,podDisruptionBudget.enabled=true,networkPolicy.enabled=true",
        "--set", "metrics.dashboard=true,watchNamespaces={default}", "--set", "replicas=0",
    )  # fmt: skip
    helm.profiles("--set", "modelPull.enabled=true,modelPull.seedClaimName=dubjob-seed")
    (job,) = helm.view.items("jobs")
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    helm.profiles("--set", "modelPull.enabled=true", "--set", "images.cpu=other:2")
    (job,) = helm.view.items("jobs")
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == "other:2"


@pytest.mark.parametrize("overlay", ["base", "rwx", "one-node", "nfs", "hostpath"])
def test_api_server_accepts_the_claims_of_every_overlay(helm: Helm, overlay: str) -> None:
    helm.view.kubectl("apply", "--server-side", "-k", str(ROOT / "data-pvc" / overlay))

    def phases() -> set[str]:
        return {claim["status"].get("phase", "") for claim in helm.view.items("pvc")}

    try:
        bound = "Bound" if overlay in ("nfs", "hostpath") else "Pending"
        helm.view.until(f"the claims to be {bound}", lambda: phases() == {bound})
    finally:
        helm.view.kubectl("delete", "pvc,pv", "--all", "--wait=false")
        patch = '{"metadata": {"finalizers": null}}'
        for claim in helm.names("pvc"):
            helm.view.attempt("patch", "pvc", claim, "--type=merge", "-p", patch)
        helm.view.until("the claims to go", lambda: not helm.names("pvc"))


def install(helm: Helm, folder: Path, *arguments: str, claims: str = "data-pvc/one-node") -> str:
    """Run `charts/install.sh` as far as it goes without a node, where it waits for the operator."""
    programs = Path(helm.plane.tools.helm).parent
    path = folder / "install.log"
    with path.open("w") as log:
        process = subprocess.Popen(
            [str(ROOT / "charts/install.sh"), claims, *arguments], cwd=ROOT,
            env={**os.environ, "KUBECONFIG": str(helm.plane.kubeconfig),
                 "PATH": f"{programs}:{os.environ['PATH']}"},
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        helm.view.until(
            "both releases or a refusal",
            lambda: "waiting for the operator" in path.read_text() or process.poll() is not None,
            60,
        )
    finally:
        process.terminate()
        process.wait()
    return path.read_text()


def remove_claim(helm: Helm, name: str) -> set[str]:
    """Delete a claim; the names of those that are left."""
    helm.view.kubectl("delete", "pvc", name, "--wait=false")
    patch = '{"metadata": {"finalizers": null}}'
    helm.view.attempt("patch", "pvc", name, "--type=merge", "-p", patch)
    helm.view.until(f"{name} to go", lambda: name not in helm.names("pvc"))
    return helm.names("pvc")


def operator_image(helm: Helm) -> str:
    pod = json.loads(
        helm.view.kubectl("get", "deploy", "dubjob-operator", "-n", SYSTEM, "-o", "json")
    )["spec"]["template"]["spec"]
    return str(pod["containers"][0]["image"])


def test_one_command_installs_everything_and_keeps_what_was_set(helm: Helm, tmp_path: Path) -> None:
    assert "no image of the operator is given: pass IMAGES=FILE" in install(helm, tmp_path)
    assert helm.names("crd") == set(), "nothing is installed"
    images = tmp_path / "images.env"
    images.write_text("CPU=r.example/cpu:1\nEXTRA=r.example:5000/extra:2\nOPERATOR=r:5000/op\n")
    own = tmp_path / "own.yaml"
    own.write_text("gpuResource: example.com/gpu\nprune: {enabled: true}\n")
    install(helm, tmp_path, str(images), "--values", str(own))
    chart = yaml.safe_load((ROOT / "charts/dubjob-operator/Chart.yaml").read_text())
    assert operator_image(helm) == f"r:5000/op:{chart['appVersion']}"
    default = helm.get("dubprofile", "default")
    assert default["spec"]["stages"]["mux"]["image"] == "r.example:5000/extra:2"
    assert helm.names("dubprofiles") == {"cpu", "default"}, "gpu has no images"
    assert helm.names("pvc") == {"dubjob-data", "dubjob-models"}
    (job,) = helm.view.items("jobs")
    assert job["metadata"]["name"].startswith("dubjob-model-pull-cpu-")

    digest = "sha256:" + "0f" * 32
    images.write_text(f"OPERATOR=r:5000/op:2@{digest}\nSTT=r.example/stt:1\nTTS=r.example/tts:1\n")
    install(helm, tmp_path, str(images))
    assert operator_image(helm) == f"r:5000/op:2@{digest}"
    assert helm.names("dubprofiles") == {"cpu", "default", "gpu"}
    limits = helm.get("dubprofile", "gpu")["spec"]["stages"]["separate"]["resources"]["limits"]
    assert limits["example.com/gpu"] == 1
    assert helm.names("cronjobs") == {"dubjob-prune"}
    log = install(helm, tmp_path, claims="")
    assert "existing claims are kept: dubjob-data dubjob-models" in log
    assert "CRDs and operator" in log
    log = install(helm, tmp_path, claims="data-pvc/base")
    assert "the PersistentVolumeClaim dubjob-data exists with other storage than" in log
    assert "spec is immutable after creation" in log
    assert "CRDs and operator" not in log
    assert remove_claim(helm, "dubjob-models") == {"dubjob-data"}
    assert "existing claims are kept: dubjob-data\n" in install(helm, tmp_path, claims="")
    assert remove_claim(helm, "dubjob-data") == {"dubjob-models"}
    assert operator_image(helm) == f"r:5000/op:2@{digest}"
    install(helm, tmp_path, "", "--reset-values", "--set", IMAGES, claims="")
    assert helm.names("cronjobs") == set(), "the local cluster starts from the charts' values"
