"""Generated files, chart, images and documents agree with each other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dubjob_operator.api.crd import dubjob_crd, dubprofile_crd
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubstage.contract import Stage

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts/dubjob-operator"


def values() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
    return found


@pytest.mark.parametrize("crd", [dubjob_crd(), dubprofile_crd()], ids=["DubJob", "DubProfile"])
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

    for crd in (dubjob_crd(), dubprofile_crd()):
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        for part in ("spec", "status"):
            walk(schema["properties"].get(part, {}), part)
    assert missing == []


def test_the_stored_spec_is_the_applied_spec() -> None:
    """No default in a spec: it would drift under GitOps."""
    for crd in (dubjob_crd(), dubprofile_crd()):
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        assert "'default'" not in str(schema["properties"]["spec"])


def test_the_charts_profiles_are_profiles() -> None:
    for name, spec in values()["profiles"].items():
        profile = DubProfile.model_validate({"metadata": {"name": name}, "spec": spec})
        assert set(profile.spec.engines()) == set(Stage)


def test_three_stages_of_the_cpu_profile_ask_for_a_gpu() -> None:
    stages = values()["profiles"]["cpu"]["stages"]
    asking = {
        name for name, stage in stages.items() if "nvidia.com/gpu" in stage["resources"]["limits"]
    }
    assert asking == {"separate", "transcribe", "synthesize"}


def test_the_operator_may_do_only_what_it_does() -> None:
    """No secrets, no wildcard, no writing of anything but Jobs, events and status."""
    text = (CHART / "templates/_names.tpl").read_text()
    _, _, rest = text.partition('{{- define "dubjob.rules" -}}\n')
    rules = yaml.safe_load(re.sub(r"\{\{-.*?\}\}", "", rest.partition("{{- end -}}")[0]))
    writes = {
        (resource, verb)
        for rule in rules
        for resource in rule["resources"]
        for verb in rule["verbs"]
        if verb not in ("get", "list", "watch")
    }
    assert writes == {
        ("dubjobs/status", "patch"), ("jobs", "create"), ("jobs", "delete"), ("events", "create"),
    }  # fmt: skip
    assert not {"secrets", "*"} & {name for rule in rules for name in rule["resources"]}


def test_examples_are_dubjobs() -> None:
    for file in (ROOT / "examples").glob("*.yaml"):
        for document in yaml.safe_load_all(file.read_text()):
            DubJob.model_validate(document)


def test_skaffold_builds_what_the_dockerfile_has() -> None:
    targets = set(
        re.findall(r"^FROM \S+ AS (\S+)", (ROOT / "stage-images/Dockerfile").read_text(), re.M)
    )
    skaffold = yaml.safe_load((ROOT / "skaffold.yaml").read_text())
    built = {artifact["docker"]["target"] for artifact in skaffold["build"]["artifacts"]}
    assert built <= targets
    assert {"cpu", "extra", "operator", "stt", "tts"} <= targets


DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
        assert (document.parent / target).exists(), f"{document}: {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_that_are_told_exist(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`?make ([a-z][a-z0-9-]+)", document.read_text()):
        if re.search(rf"(`make {target}|^make {target})", document.read_text(), re.M):
            assert re.search(rf"^{target}:", makefile, re.M), f"{document}: make {target}"
