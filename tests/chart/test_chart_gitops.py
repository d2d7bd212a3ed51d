"""What gitops/ tells Argo CD and Flux of the charts is what the charts take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from chart_view import CHARTS, ROOT, Object, render


def sources() -> Iterator[tuple[str, str, Object]]:
    """File, chart and values of every place that installs one of our charts."""
    for file in ROOT.glob("gitops/*/*.yaml"):
        for document in yaml.safe_load_all(file.read_text()):
            spec = document.get("spec", {})
            if document["kind"] == "Application" and "helm" in spec["source"]:
                yield file.name, spec["source"]["path"], spec["source"]["helm"]["valuesObject"]
            if document["kind"] == "HelmRelease":
                yield file.name, spec["chart"]["spec"]["chart"], spec["values"]


def test_argo_cd_and_flux_install_both_charts() -> None:
    charts = sorted((file, Path(chart).name) for file, chart, _ in sources())
    assert charts == [
        ("applications.yaml", "dubjob-operator"), ("applications.yaml", "dubjob-profiles"),
        ("dubjob.yaml", "dubjob-operator"), ("dubjob.yaml", "dubjob-profiles"),
    ]  # fmt: skip


@pytest.mark.parametrize(("file", "chart", "values"), list(sources()))
def test_chart_accepts_the_values_of_argo_cd_and_flux(
    file: str, chart: str, values: Object
) -> None:
    assert (ROOT / chart).parent == CHARTS
    rendered = str(render(Path(chart).name, **values))
    assert "registry.example" in rendered, file
