"""`make deploy`, as far as its script decides: which cluster, and which claims. kubectl and Helm
are programs of this module; tests/controlplane runs the script with the real ones."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KUBECTL = """#!/usr/bin/env bash
echo "$*" >>"$STATE/calls"
case "$*" in
kustomize*) exec "$REAL_KUBECTL" "$@" ;;
"config current-context") [ -z "$CONTEXT" ] && exit 1; echo "$CONTEXT" ;;
version) [ -z "$UNREACHABLE" ] || { echo "Unable to connect: $UNREACHABLE" >&2; exit 1; } ;;
*"get pvc dubjob-data dubjob-models "*) printf '%s' "$CLAIMS_THERE" ;;
"apply --server-side -f -") cat >"$STATE/applied" ;;
"apply --server-side -k "*) [ -z "$REFUSAL" ] || { echo "$REFUSAL" >&2; exit 1; } ;;
esac
"""
HELM = """#!/usr/bin/env bash
echo "helm $*" >>"$STATE/calls"
"""
INVALID = 'The PersistentVolumeClaim "dubjob-data" is invalid: '
IMMUTABLE = "spec: Forbidden: spec is immutable after creation except resources.requests"
DIFFERENCE = """
  core.PersistentVolumeClaimSpec{
- AccessModes: {"ReadWriteOnce"},"""
VOLUME = 'The PersistentVolume "dubjob-data-rwx" is invalid: '
FIXED = "spec.nodeAffinity: Invalid value: {}: field is immutable"
REQUIRED = "spec.resources[storage]: Required value"
SHRUNK = "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"


@dataclass
class Deployment:
    """One call of `make deploy`."""

    code: int
    log: str
    calls: str
    applied: str


Deploy = Callable[..., Deployment]


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    programs, real = tmp_path / "bin", shutil.which("kubectl")
    assert real, "run `make test-unit`, which builds kubectl"
    programs.mkdir()
    for name, text in (("kubectl", KUBECTL), ("helm", HELM)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (tmp_path / "images.env").write_text("OPERATOR=r.example/operator:1\n")

    def run(claims: str = "", **state: str) -> Deployment:
        given = {"CONTEXT": "mine", "UNREACHABLE": "", "CLAIMS_THERE": "", "REFUSAL": "", **state}
        environment = {
            **os.environ, **given, "STATE": str(tmp_path), "REAL_KUBECTL": real,
            "PATH": f"{programs}:{os.environ['PATH']}",
        }  # fmt: skip
        environment.pop("KUBERNETES_SERVICE_HOST", None)
        arguments = [f"CLAIMS={claims}"] if claims else []
        done = subprocess.run(
            ["make", "-s", "deploy", f"IMAGES={tmp_path}/images.env", *arguments], cwd=ROOT,
            env=environment, check=False, capture_output=True, text=True,
        )  # fmt: skip
        applied = tmp_path / "applied"
        return Deployment(
            done.returncode, done.stdout + done.stderr, (tmp_path / "calls").read_text(),
            applied.read_text() if applied.exists() else "",
        )  # fmt: skip

    return run


def names(manifests: str) -> list[str]:
    """Names of the objects, as kustomize prints them."""
    return [line.split()[1] for line in manifests.splitlines() if line.startswith("  name: ")]


@pytest.mark.parametrize(
    ("there", "created"),
    [
        ("", ["dubbing", "dubjob-data", "dubjob-models"]),
        ("dubjob-models", ["dubbing", "dubjob-data"]),
        ("dubjob-data", ["dubbing", "dubjob-models"]),
        ("dubjob-data dubjob-models", ["dubbing"]),
    ],
)
def test_without_claims_existing_ones_are_kept(
    deploy: Deploy, there: str, created: list[str]
) -> None:
    done = deploy(CLAIMS_THERE=there)
    assert done.code == 0, done.log
    assert names(done.applied) == created
    assert "apply --server-side -k" not in done.calls
    assert (f"existing claims are kept: {there}\n" in done.log) == bool(there)


def test_given_claims_are_applied(deploy: Deploy) -> None:
    done = deploy("data-pvc/one-node", CLAIMS_THERE="dubjob-data")
    assert done.code == 0, done.log
    assert "apply --server-side -k data-pvc/one-node" in done.calls


@pytest.mark.parametrize(
    ("refusal", "named"),
    [
        (INVALID + IMMUTABLE + DIFFERENCE, "PersistentVolumeClaim dubjob-data"),
        (f"{INVALID}\n* {SHRUNK}\n* {IMMUTABLE}", "PersistentVolumeClaim dubjob-data"),
        (VOLUME + FIXED, "PersistentVolume dubjob-data-rwx"),
        (f"{INVALID}{REQUIRED}\n{VOLUME}{FIXED}", "PersistentVolume dubjob-data-rwx"),
    ],
)
def test_install_names_the_claim_whose_storage_differs(
    deploy: Deploy, refusal: str, named: str
) -> None:
    done = deploy("data-pvc/rwx", REFUSAL=refusal)
    assert done.code != 0
    assert f"the {named} exists with other storage than in data-pvc/rwx" in done.log
    assert "leave out CLAIMS to keep it" in done.log
    assert refusal in done.log
    assert "helm upgrade" not in done.calls


@pytest.mark.parametrize(
    "refusal",
    [
        "Error from server: exceeded quota",
        INVALID + REQUIRED,
        INVALID + SHRUNK,
        'The PersistentVolumeClaim "is-immutable" is invalid: ' + REQUIRED,
        f"{INVALID}{REQUIRED}\nError from server: the label is immutable",
        f'{INVALID}{REQUIRED}\nThe Namespace "dubbing" is invalid: field is immutable',
    ],
)
def test_install_shows_why_the_claims_were_refused(deploy: Deploy, refusal: str) -> None:
    done = deploy("data-pvc/rwx", REFUSAL=refusal)
    assert done.code != 0
    assert refusal in done.log
    assert "the claims in data-pvc/rwx were not applied" in done.log
    assert "other storage" not in done.log
    assert "helm upgrade" not in done.calls


def test_missing_context_names_the_kubeconfig(deploy: Deploy) -> None:
    done = deploy(CONTEXT="", KUBECONFIG="/none/config")
    assert done.code != 0
    assert "kubectl finds no context in the kubeconfig /none/config: set KUBECONFIG" in done.log
    assert "helm" not in done.calls


def test_a_cluster_that_does_not_answer_is_named(deploy: Deploy) -> None:
    done = deploy(UNREACHABLE="connection refused")
    assert done.code != 0
    assert "the cluster of the context mine does not answer: Unable to connect" in done.log
    assert "apply" not in done.calls
