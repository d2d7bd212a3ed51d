"""What the report says of the engines' versions."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from dubstage import versions
from dubstage.contract import EngineChoice, Stage
from dubstage.errors import Misconfigured
from dubstage.testing import ENGINES, request_for


def engines_of(stage: Stage) -> set[str]:
    """Every engine that the stage can load, as it names them to who asks for another."""
    request = request_for(stage, engines={**ENGINES, stage: EngineChoice(engine="?")})
    module = importlib.import_module(f"dubstage.{stage}.stage")
    with pytest.raises(Misconfigured) as refused:
        module.load_engine(SimpleNamespace(request=request))
    _, _, names = str(refused.value).partition("it has ")
    return set(names.rstrip(".").split(", "))


@pytest.mark.parametrize(
    "stage", [Stage.SEPARATE, Stage.TRANSCRIBE, Stage.TRANSLATE, Stage.SYNTHESIZE]
)
def test_every_engine_has_a_version(stage: Stage) -> None:
    known = {*versions.LIBRARIES, *versions.PROGRAMS, *versions.REVISIONS}
    found = engines_of(stage)
    assert found
    assert found - known <= {"none"}


def test_the_images_commit_is_the_engines_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "REVISION"
    monkeypatch.setitem(versions.REVISIONS, "cosyvoice", file)
    assert versions.engine_version.__wrapped__("cosyvoice") is None
    file.write_text("ace7c47f\n")
    assert versions.engine_version.__wrapped__("cosyvoice") == "ace7c47f"


def test_the_image_has_the_file() -> None:
    dockerfile = Path(__file__).parents[2] / "stage-images/Dockerfile"
    assert str(versions.REVISIONS["cosyvoice"]) in dockerfile.read_text()
