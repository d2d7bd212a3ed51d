"""skaffold.yaml builds what `make` builds, and gives it to the charts' values."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import build
import layers
import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "stage-images/Dockerfile").read_text()
PROFILES = (None, "cpu", "gpu", "dev")
KEYS = {
    "": "apiVersion kind metadata build manifests deploy profiles",
    "/metadata": "name annotations labels",
    "/build": "artifacts local tagPolicy platforms insecureRegistries",
    "/build/local": "push useBuildkit useDockerCLI concurrency tryImportMissing",
    "/build/artifacts": "image context docker sync requires platforms runtimeType hooks",
    "/build/artifacts/docker": (
        "dockerfile target buildArgs cacheFrom network noCache pullParent secrets ssh cliFlags"
    ),
    "/build/artifacts/sync": "manual infer auto hooks",
    "/build/artifacts/sync/manual": "src dest strip",
    "/manifests": "rawYaml remoteManifests kustomize helm hooks output",
    "/manifests/kustomize": "paths buildArgs",
    "/deploy": "kubectl helm kubeContext statusCheck statusCheckDeadlineSeconds logs",
    "/deploy/kubectl": "flags defaultNamespace hooks",
    "/deploy/helm": "releases flags hooks",
    "/deploy/helm/releases": (
        "name chartPath namespace createNamespace wait valuesFiles setValues setValueTemplates "
        "setFiles overrides skipBuildDependencies upgradeOnChange version"
    ),
    "/profiles": "name activation patches",
    "/profiles/activation": "command env kubeContext",
    "/profiles/patches": "op path value from",
}
"""Place → keys of it that skaffold/v4beta11's published schema has and we could want. Skaffold
refuses any other; the whole schema is 237 kB."""
OURS = {
    "/build/artifacts/docker/buildArgs",
    "/deploy/helm/releases/setValueTemplates",
    "/deploy/helm/releases/setValues",
    "/profiles/patches/value",
}
"""Places whose keys are not Skaffold's."""


def skaffold(profile: str | None = None) -> dict[str, Any]:
    """The file with one profile's patches applied, as Skaffold applies them."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "skaffold.yaml").read_text())
    profiles = {entry["name"]: entry for entry in document.pop("profiles")}
    for patch in profiles[profile]["patches"] if profile else []:
        *parents, last = patch["path"].strip("/").split("/")
        place: Any = document
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        assert (patch["op"] == "add") == (last not in place), patch
        if last == "-":
            place.append(copy.deepcopy(patch["value"]))
        else:
            place[last] = copy.deepcopy(patch["value"])
    return document


def targets(document: dict[str, Any]) -> dict[str, str]:
    """Artifact → target."""
    artifacts = document["build"]["artifacts"]
    return {artifact["image"]: artifact["docker"]["target"] for artifact in artifacts}


def releases(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        Path(release["chartPath"]).name: release
        for release in document["deploy"]["helm"]["releases"]
    }


def chart_values(chart: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "charts" / chart / "values.yaml").read_text())
    return found


def images_of(profile: str) -> set[str]:
    """The images that a profile of the chart's values names."""
    spec = chart_values("dubjob-profiles")["profiles"][profile]
    chosen = [spec["defaults"], *spec["stages"].values()]
    return {each["image"] for each in chosen if "image" in each}


def unknown(value: Any, place: str = "") -> Iterator[str]:
    """Keys that Skaffold does not have where they stand."""
    if isinstance(value, list):
        for each in value:
            yield from unknown(each, place)
    elif isinstance(value, dict) and place not in OURS:
        for key, inner in value.items():
            if key not in KEYS.get(place, "").split():
                yield f"{place}/{key}"
            yield from unknown(inner, f"{place}/{key}")


@pytest.mark.parametrize("profile", PROFILES)
def test_keys_are_valid_for_skaffold(profile: str | None) -> None:
    document = skaffold(profile)
    assert document["apiVersion"] == "skaffold/v4beta11", "KEYS are those of that version"
    assert list(unknown(document)) == []
    whole = yaml.safe_load((ROOT / "skaffold.yaml").read_text())
    assert list(unknown({"profiles": whole["profiles"]})) == []


def test_unknown_key_is_reported() -> None:
    document = skaffold("dev")
    document["deploy"]["helm"]["releases"][0]["waitFor"] = True
    document["build"]["artifacts"][0]["sync"]["manual"][0]["srcs"] = "x"
    assert list(unknown(document)) == [
        "/build/artifacts/sync/manual/srcs", "/deploy/helm/releases/waitFor",
    ]  # fmt: skip


def test_skaffold_builds_the_images_of_make() -> None:
    assert set(targets(skaffold()).values()) == set(build.DEFAULT_TARGETS)


@pytest.mark.parametrize("profile", PROFILES)
def test_targets_and_arguments_exist_in_the_dockerfile(profile: str | None) -> None:
    known = set(re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE))
    for artifact in skaffold(profile)["build"]["artifacts"]:
        assert artifact["docker"]["dockerfile"] == "stage-images/Dockerfile"
        assert artifact["docker"]["target"] in layers.layers()
        assert set(artifact["docker"].get("buildArgs", {})) <= known


@pytest.mark.parametrize("profile", ["cpu", "gpu"])
def test_profile_builds_the_images_of_its_stages(profile: str) -> None:
    document = skaffold(profile)
    release = releases(document)["dubjob-profiles"]
    given = {
        key.removeprefix("images."): value for key, value in release["setValueTemplates"].items()
    }
    assert images_of(profile) <= set(given)
    for image, value in given.items():
        assert value == f"{{{{.IMAGE_FULLY_QUALIFIED_dubjob_{image}}}}}"
        assert targets(document)[f"dubjob-{image}"] == image
    assert release["setValues"] == {"defaultProfile": profile}


@pytest.mark.parametrize("profile", PROFILES)
def test_skaffold_sets_existing_chart_values(profile: str | None) -> None:
    for chart, release in releases(skaffold(profile)).items():
        for key in {**release["setValueTemplates"], **release.get("setValues", {})}:
            place: Any = chart_values(chart)
            for part in key.split("."):
                assert part in place, f"{chart}: {key}"
                place = place[part]


def test_changed_code_is_synced_to_the_import_path() -> None:
    artifacts = skaffold("dev")["build"]["artifacts"]
    synced = {
        artifact["docker"]["target"]: artifact["sync"]["manual"]
        for artifact in artifacts
        if "sync" in artifact
    }
    assert set(synced) == {"operator-dev", "cpu-dev"}
    for target, rules in synced.items():
        _, _, stage = DOCKERFILE.partition(f" AS {target}\n")
        paths = re.findall(r"^ENV PYTHONPATH=(\S+)", stage, re.MULTILINE)[0].split(":")
        assert sorted(rule["dest"] for rule in rules) == sorted(paths)
        for rule in rules:
            assert rule["src"] == f"{rule['strip']}/**/*.py"
            assert list(ROOT.glob(rule["src"]))
            package = "dubjob_operator" if rule["dest"].endswith("operator") else "dubstage"
            assert (ROOT / rule["strip"] / package).is_dir()


def test_workbench_uses_a_built_image_and_the_claims() -> None:
    document = skaffold("dev")
    (path,) = document["manifests"]["rawYaml"]
    pod = yaml.safe_load((ROOT / path).read_text())["spec"]["template"]["spec"]
    assert {container["image"] for container in pod["containers"]} <= set(targets(document))
    claims = {
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["volumes"]
        if "persistentVolumeClaim" in volume
    }
    claimed = yaml.safe_load_all((ROOT / "data-pvc/base/claims.yaml").read_text())
    assert claims == {claim["metadata"]["name"] for claim in claimed}
