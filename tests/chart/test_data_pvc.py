"""The claims and their overlays, rendered by the real kubectl."""

from __future__ import annotations

import subprocess
from functools import lru_cache

import pytest
import yaml
from chart_view import ROOT, Rendered, render

from local_cluster.tools import tools

OVERLAYS = sorted(file.parent.name for file in ROOT.glob("data-pvc/*/kustomization.yaml"))


@lru_cache
def claims(overlay: str) -> Rendered:
    done = subprocess.run(
        [str(tools(()).kubectl), "kustomize", str(ROOT / "data-pvc" / overlay)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return Rendered(yaml.safe_load_all(done.stdout))


def test_every_kind_of_volume_has_an_overlay() -> None:
    assert OVERLAYS == ["base", "hostpath", "local-cluster", "nfs", "one-node", "rwx"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_claims_have_the_names_in_the_profiles(overlay: str) -> None:
    found = claims(overlay).of("PersistentVolumeClaim")
    assert {"dubjob-data", "dubjob-models"} <= set(found)
    assert {claim["metadata"]["namespace"] for claim in found.values()} == {"dubbing"}
    for profile in render("dubjob-profiles").of("DubProfile").values():
        assert profile["spec"].get("dataClaimName", "dubjob-data") in found
        assert profile["spec"].get("modelsClaimName", "dubjob-models") in found


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_namespace_enforces_pod_security(overlay: str) -> None:
    labels = claims(overlay).of("Namespace")["dubbing"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize(
    ("overlay", "mode", "storage_class"),
    [
        ("base", "ReadWriteMany", None), ("rwx", "ReadWriteMany", "shared"),
        ("one-node", "ReadWriteOnce", None), ("nfs", "ReadWriteMany", ""),
        ("hostpath", "ReadWriteMany", ""),
    ],
)  # fmt: skip
def test_source_of_the_volumes(overlay: str, mode: str, storage_class: str | None) -> None:
    for claim in claims(overlay).of("PersistentVolumeClaim").values():
        assert claim["spec"]["accessModes"] == [mode]
        assert claim["spec"].get("storageClassName") == storage_class


@pytest.mark.parametrize("overlay", ["nfs", "hostpath"])
def test_media_are_kept_when_a_claim_is_deleted(overlay: str) -> None:
    volumes = claims(overlay).of("PersistentVolume")
    assert set(volumes) == {"dubjob-data", "dubjob-models"}
    for name, volume in volumes.items():
        assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
        assert volume["spec"]["claimRef"] == {"namespace": "dubbing", "name": name}


def test_node_local_disk_is_used_on_its_node() -> None:
    volumes = claims("hostpath").of("PersistentVolume")
    assert volumes
    for volume in volumes.values():
        (term,) = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
        assert term["matchExpressions"][0]["key"] == "kubernetes.io/hostname"
