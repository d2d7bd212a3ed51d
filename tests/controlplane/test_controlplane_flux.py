"""The real kustomize-controller of Flux with the examples: waves, the next commit, prune."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from control_plane_view import NAMESPACE, Object, View, conditions, manifest
from flux_view import SYSTEM, Flux

from dubstage.contract import Stage
from local_cluster.control_plane import ControlPlane
from local_cluster.tools import tools

CLAIMS = {"dubjob-data", "dubjob-models"}


@pytest.fixture(scope="module")
def controller(
    installed: View, control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flux]:
    folder = tmp_path_factory.mktemp("flux")
    flux = Flux.beside(installed, control_plane, tools(("flux",)).flux, folder)
    try:
        flux.install()
        yield flux
    finally:
        flux.remove()
        installed.attempt("delete", "pvc", "--all", "--wait=false")


@pytest.fixture
def flux(view: View, controller: Flux) -> Iterator[Flux]:
    """The examples, applied, with the operator running."""
    controller.create()
    yield controller
    controller.delete()


def dub(name: str, **spec: Any) -> Object:
    """A DubJob as it is committed."""
    found = manifest(name, **spec)
    found["metadata"]["namespace"] = NAMESPACE
    return found


def jobs(view: View, name: str) -> set[str]:
    """The UIDs of the Jobs of a DubJob."""
    items = view.items("jobs", "-l", f"dubjob.dev/dubjob={name}")
    return {job["metadata"]["uid"] for job in items}


def run(view: View, name: str, stage: str) -> None:
    """Let the DubJob reach a stage, whose pod runs."""
    for each in Stage:
        if each == stage:
            break
        view.succeed(name, each)
    view.play(view.pod_of(name, stage), "Running")
    view.until_reason(name, "Running")


def test_dubs_wait_for_the_claims(flux: Flux) -> None:
    flux.commit(dub("early"), folders=())
    flux.until_message("path not found", "dubjob-claims")
    condition = flux.until_message("dependency 'flux-system/dubjob-claims' is not ready")
    assert condition["reason"] == "DependencyNotReady"
    assert flux.view.items("dubjobs") == []
    revision = flux.commit(dub("early"))
    flux.until_applied(revision)
    flux.until_applied(revision, "dubjob-claims")
    assert {claim["metadata"]["name"] for claim in flux.view.items("pvc")} >= CLAIMS
    flux.view.pod_of("early", "ingest")


def test_running_dub_does_not_hold_back_the_next_commit(flux: Flux) -> None:
    view = flux.view
    flux.until_applied(flux.commit(dub("long")))
    run(view, "long", "separate")
    before = jobs(view, "long")
    flux.until_applied(flux.commit(dub("long"), dub("next")))
    view.pod_of("next", "ingest")
    long = view.dubjob("long")
    assert conditions(long)["Finished"]["reason"] == "Running"
    assert long["metadata"]["generation"] == 1
    assert jobs(view, "long") == before


def test_repeated_reconcile_changes_nothing(flux: Flux) -> None:
    view = flux.view
    flux.until_applied(flux.commit(dub("steady", speakers={"max": 2}, reviewAfter=["translate"])))
    run(view, "steady", "transcribe")
    before, version = jobs(view, "steady"), view.dubjob("steady")["metadata"]["resourceVersion"]
    flux.reconcile()
    flux.reconcile()
    assert view.dubjob("steady")["metadata"]["resourceVersion"] == version
    assert jobs(view, "steady") == before
    assert not [each for each in flux.changes() if "steady configured" in each]


def test_removed_dub_is_pruned_with_its_jobs(flux: Flux) -> None:
    view = flux.view
    flux.until_applied(flux.commit(dub("kept"), dub("removed")))
    run(view, "removed", "separate")
    flux.until_applied(flux.commit(dub("kept")))
    assert [each["metadata"]["name"] for each in view.items("dubjobs")] == ["kept"]
    view.until("the Jobs to go", lambda: not jobs(view, "removed"))
    assert {claim["metadata"]["name"] for claim in view.items("pvc")} >= CLAIMS


def test_suspension_by_kubectl_is_kept(flux: Flux) -> None:
    """Flux takes back what kubectl has set, unless the object says that it merges."""
    view = flux.view
    flux.until_applied(flux.commit(dub("paused")))
    run(view, "paused", "separate")
    view.kubectl("patch", "dubjob", "paused", "--type=merge", "-p", '{"spec":{"suspend":true}}')
    view.until_reason("paused", "Suspended")
    flux.reconcile()
    assert view.dubjob("paused")["spec"]["suspend"] is True
    assert conditions(view.dubjob("paused"))["Suspended"]["status"] == "True"


def test_approval_by_kubectl_counts_after_a_reconcile(flux: Flux) -> None:
    view = flux.view
    flux.until_applied(flux.commit(dub("reviewed", reviewAfter=["transcribe"])))
    for stage in ("ingest", "separate", "transcribe"):
        view.succeed("reviewed", stage)
    view.until_reason("reviewed", "AwaitingReview")
    view.approve("reviewed", "transcribe", 1)
    # The approved stage imports what the person has left.
    view.until("the import", lambda: view.dubjob("reviewed")["status"]["stages"][2]["run"] == 2)
    view.succeed("reviewed", "transcribe")
    view.play(view.pod_of("reviewed", "translate"), "Running")
    flux.reconcile()
    view.succeed("reviewed", "translate")
    view.pod_of("reviewed", "synthesize")


def test_failed_dub_is_reported_with_wait(flux: Flux) -> None:
    view = flux.view
    patch(flux, wait=True)
    flux.commit(dub("broken"))
    flux.until_message("Reconciliation in progress")
    view.fail("broken", "ingest", 65)
    condition = flux.until_message("health check failed")
    assert condition["reason"] == "HealthCheckFailed"
    assert f"DubJob/{NAMESPACE}/broken status: 'Failed'" in condition["message"]


def test_next_commit_ends_the_wait_with_the_feature_gate(flux: Flux) -> None:
    view = flux.view
    patch(flux, wait=True)
    flux.stop()
    flux.start("--feature-gates=CancelHealthCheckOnNewRevision=true")
    flux.commit(dub("long"))
    run(view, "long", "separate")
    before = jobs(view, "long")
    flux.commit(dub("long"), dub("next"))
    view.pod_of("next", "ingest")
    assert jobs(view, "long") == before


def patch(flux: Flux, **spec: Any) -> None:
    """Change the Kustomization of the DubJobs."""
    text = json.dumps({"spec": spec})
    flux.view.kubectl("-n", SYSTEM, "patch", "kustomization", "dubs", "--type=merge", "-p", text)
