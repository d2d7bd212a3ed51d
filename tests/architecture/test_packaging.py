"""Generated files, chart, images and documents agree with each other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from dubjob_operator.api.crd import clusterdubprofile_crd, dubjob_crd, dubprofile_crd
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile

ROOT = Path(__file__).parents[2]


CRDS = (dubjob_crd(), dubprofile_crd(), clusterdubprofile_crd())


@pytest.mark.parametrize("crd", CRDS, ids=lambda crd: crd["spec"]["names"]["kind"])
def test_crds_are_generated(crd: dict[str, Any]) -> None:
    plural = crd["spec"]["names"]["plural"]
    assert yaml.safe_load((ROOT / f"crds/{plural}.yaml").read_text()) == crd


def test_every_field_is_documented() -> None:
    missing = []

    def walk(node: dict[str, Any], path: str) -> None:
        for name, part in node.get("properties", {}).items():
            if "description" not in part:
                missing.append(f"{path}.{name}")
            walk(part, f"{path}.{name}")
            walk(part.get("items", {}), f"{path}.{name}[]")
            entries = part.get("additionalProperties")
            walk(entries if isinstance(entries, dict) else {}, f"{path}.{name}.*")

    for crd in CRDS:
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        for part in ("spec", "status"):
            walk(schema["properties"].get(part, {}), part)
    assert missing == []


def test_stored_spec_equals_the_applied_spec() -> None:
    """No default in a spec: it would drift under GitOps."""
    for crd in CRDS:
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        assert "'default'" not in str(schema["properties"]["spec"])


def test_examples_are_valid_for_the_models() -> None:
    models: dict[str, type[BaseModel]] = {
        "DubJob": DubJob, "DubProfile": DubProfile, "ClusterDubProfile": DubProfile,
    }  # fmt: skip
    taken = 0
    for file in (ROOT / "examples").rglob("*.yaml"):
        if "templates" in file.parts:
            continue
        for document in yaml.safe_load_all(file.read_text()):
            model = models.get(document.get("kind"))
            if model:
                model.model_validate(document)
                taken += 1
    assert taken > 8


def test_skaffold_builds_targets_of_the_dockerfile() -> None:
    targets = set(
        re.findall(r"^FROM \S+ AS (\S+)", (ROOT / "stage-images/Dockerfile").read_text(), re.M)
    )
    skaffold = yaml.safe_load((ROOT / "skaffold.yaml").read_text())
    built = {artifact["docker"]["target"] for artifact in skaffold["build"]["artifacts"]}
    assert built <= targets
    assert {"cpu", "extra", "operator", "stt", "tts"} <= targets
