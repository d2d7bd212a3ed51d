"""docker-bake.hcl, as the real buildx reads it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import layers
import pytest
import yaml

from local_cluster.tools import tools

ROOT = Path(__file__).parents[2]
CHART = yaml.safe_load((ROOT / "charts/dubjob-operator/Chart.yaml").read_text())
IMAGES = ("cpu", "extra", "operator", "stt", "tts")


def bake(*groups: str, **variables: str) -> dict[str, dict[str, Any]]:
    """`buildx bake --print`: the targets of the groups, by name."""
    done = subprocess.run(
        [tools(("buildx",)).buildx, "bake", "--print", "--progress", "quiet", *groups],
        cwd=ROOT, env=os.environ | variables, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)["target"]
    return found


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("default", {"cpu", "extra", "operator"}),
        ("gpu", {"stt", "tts"}),
        ("all", {*IMAGES, *(f"{image}-dev" for image in IMAGES)}),
    ],
)
def test_group_builds_its_targets(group: str, expected: set[str]) -> None:
    found = bake(group)
    assert set(found) == expected
    for name, target in found.items():
        assert target["target"] == name
        assert name in layers.layers()
        assert (target["context"], target["dockerfile"]) == (".", "stage-images/Dockerfile")
        assert target["tags"] == [f"localhost/dubjob/{name}:{CHART['appVersion']}"]
        light = name.split("-")[0] in ("cpu", "extra")
        assert ("BASE_IMAGE" in target["args"]) == light


def test_variables_set_registry_and_version() -> None:
    target = bake("stt", REGISTRY="registry.example/dub", VERSION="1.2.3", REVISION="abc")["stt"]
    assert target["tags"] == ["registry.example/dub/stt:1.2.3"]
    assert target["args"]["VERSION"] == "1.2.3"
    assert target["labels"] == {"org.opencontainers.image.revision": "abc"}


def test_the_charts_name_the_images_that_bake_builds() -> None:
    values = yaml.safe_load((ROOT / "charts/dubjob-profiles/values.yaml").read_text())
    assert set(values["images"]) <= set(bake("all"))
