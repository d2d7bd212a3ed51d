"""What gitops/ tells Argo CD and Flux of the charts is what the charts take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from chart_view import CHARTS, OPERATOR, PROFILES, ROOT, Object, render


def documents(folder: str) -> list[Object]:
    """The objects of one tool's files."""
    files = sorted(ROOT.glob(f"gitops/{folder}/*.yaml"))
    return [each for file in files for each in yaml.safe_load_all(file.read_text())]


def sources() -> Iterator[tuple[str, str, str, Object]]:
    """Tool, chart, version and values of every place that installs one of our charts."""
    for document in documents("argocd"):
        source = document.get("spec", {}).get("source", {})
        if "chart" in source:
            yield (
                "argocd",
                source["chart"],
                source["targetRevision"],
                source["helm"]["valuesObject"],
            )
    objects = documents("flux")
    repositories = {
        each["metadata"]["name"]: each["spec"]
        for each in objects
        if each["kind"] == "OCIRepository"
    }
    for document in objects:
        if document["kind"] == "HelmRelease":
            spec = document["spec"]
            repository = repositories[spec["chartRef"]["name"]]
            chart = Path(repository["url"]).name
            yield "flux", chart, repository["ref"]["tag"], spec["values"]


def test_argo_cd_and_flux_install_both_charts_in_their_present_version() -> None:
    installed = sorted((tool, chart, version) for tool, chart, version, _ in sources())
    versions = {
        chart: yaml.safe_load((CHARTS / chart / "Chart.yaml").read_text())["version"]
        for chart in (OPERATOR, PROFILES)
    }
    assert installed == [
        (tool, chart, versions[chart])
        for tool in ("argocd", "flux")
        for chart in (OPERATOR, PROFILES)
    ]


@pytest.mark.parametrize(("tool", "chart", "version", "values"), list(sources()))
def test_chart_accepts_the_values_of_argo_cd_and_flux(
    tool: str, chart: str, version: str, values: Object
) -> None:
    assert "registry.example" in str(render(chart, **values)), (tool, version)


def test_argo_cd_brings_what_each_part_needs_before_it() -> None:
    applications = [each for each in documents("argocd") if each["kind"] == "Application"]
    waves = [
        each["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] for each in applications
    ]
    names = [each["metadata"]["name"] for each in applications]
    assert names == ["dubjob-claims", "dubjob", "dubjob-profiles", "dubs"]
    assert waves == sorted(waves)
    assert "prune: false" in (ROOT / "gitops/argocd/applications.yaml").read_text()


def test_flux_brings_what_each_part_needs_before_it() -> None:
    needs = {
        (each["kind"], each["metadata"]["name"]): [
            one["name"] for one in each["spec"].get("dependsOn", ())
        ]
        for each in documents("flux")
        if each["kind"] in ("HelmRelease", "Kustomization")
    }
    assert needs == {
        ("Kustomization", "dubjob-claims"): [],
        ("HelmRelease", "dubjob"): [],
        ("HelmRelease", "dubjob-profiles"): ["dubjob"],
        ("Kustomization", "dubs"): ["dubjob-claims"],
    }


def test_flux_does_not_wait_for_the_models() -> None:
    """Otherwise the release fails after five minutes, and its remediation deletes the Job."""
    releases = {
        each["metadata"]["name"]: each["spec"]
        for each in documents("flux")
        if each["kind"] == "HelmRelease"
    }
    assert render(PROFILES, **releases["dubjob-profiles"]["values"]).of("Job")
    for action in ("install", "upgrade"):
        assert releases["dubjob-profiles"][action]["disableWaitForJobs"] is True


def test_flux_repeats_a_failed_apply_before_the_interval() -> None:
    kustomizations = [each["spec"] for each in documents("flux") if each["kind"] == "Kustomization"]
    assert [each["retryInterval"] for each in kustomizations] == ["1m", "1m"]
