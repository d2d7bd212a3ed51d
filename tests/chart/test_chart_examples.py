"""Every DubJob that is shown passes ingest's look at its languages."""

from __future__ import annotations

import copy
import re
import subprocess
from collections.abc import Iterator

import pytest
import yaml
from chart_view import PROFILES, ROOT, Object, render

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubstage.contract import Stage
from dubstage.errors import BadInput
from dubstage.testing import request_for
from dubstage.text import language_check
from local_cluster.tools import tools

PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])


def shown() -> Iterator[tuple[str, list[Object]]]:
    """Where it is shown → its objects: the examples, and the pages' YAML blocks."""
    examples = ROOT / "examples"
    for file in (*examples.glob("*.yaml"), *examples.glob("own-translation/*.yaml")):
        yield file.name, list(yaml.safe_load_all(file.read_text()))
    found = tools(())
    for command in (
        [str(found.kubectl), "kustomize", str(examples / "many-kustomize")],
        [str(found.helm), "template", "many", str(examples / "many-helm")],
    ):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        yield command[-1].rpartition("/")[2], list(yaml.safe_load_all(done.stdout))
    for page in PAGES:
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL):
            yield page.name, [each for each in yaml.safe_load_all(block) if isinstance(each, dict)]


def dubs() -> Iterator[tuple[str, Object, Object]]:
    """Place, DubJob and profile; one that names none may meet any of the chart's."""
    charts = render(PROFILES).of("DubProfile")
    for place, objects in shown():
        own = {
            each["metadata"]["name"]: each
            for each in objects
            if is_a("DubProfile", each) or is_a("ClusterDubProfile", each)
        }
        for dub in (each for each in objects if is_a("DubJob", each)):
            named = dub["spec"].get("profileRef", {}).get("name")
            for name in [named] if named else sorted(charts):
                yield f"{place} with {name}", dub, {**charts, **own}[name]


def is_a(kind: str, each: Object) -> bool:
    """True for an object of ours, of that kind."""
    return each.get("kind") == kind and str(each.get("apiVersion")).startswith("dubjob.dev/")


def check(dub: Object, profile: Object) -> None:
    """As ingest does: :class:`BadInput` for a language that an engine lacks."""
    spec = DubJob.model_validate(dub).spec
    engines = DubProfile.model_validate(profile).spec.engines()
    language_check.check(
        request_for(
            Stage.INGEST,
            source_language=spec.source_language,
            target_language=spec.target_language,
            engines=engines,
        )
    )


def test_examples_and_pages_are_checked() -> None:
    places = {place.partition(" ")[0] for place, *_ in dubs()}
    assert {"gpu-mig.yaml", "many-helm", "many-kustomize", "dubjob.yaml", "README.md"} <= places


def test_engines_support_the_languages_of_the_examples() -> None:
    refused = []
    for place, dub, profile in dubs():
        try:
            check(dub, profile)
        except BadInput as error:
            refused.append(f"{place}, {dub['metadata']['name']}: {error}")
    assert refused == []


def test_unsupported_language_of_a_voice_is_detected() -> None:
    """The pairing that stood in examples/gpu-mig.yaml: CosyVoice 2 and Spanish."""
    dub, profile = next(pair for place, *pair in dubs() if place == "gpu-mig.yaml with studio")
    voice = {"engine": "cosyvoice", "model": "CosyVoice2-0.5B"}
    changed = copy.deepcopy(profile)
    changed["spec"]["stages"]["synthesize"].update(voice)
    with pytest.raises(BadInput, match="does not have the language es"):
        check(dub, changed)
