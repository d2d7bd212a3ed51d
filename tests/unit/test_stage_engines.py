"""The table of engines: names, loaders, languages, versions."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

from dubstage.contract import ENGINE_NAMES, EngineChoice, Stage
from dubstage.engines import ENGINES, engine_of, names_of
from dubstage.engines.version import Library, Program, RevisionFile
from dubstage.errors import Misconfigured
from dubstage.testing import ENGINES as CHOICES
from dubstage.testing import request_for


def test_contract_names_the_engines_of_the_table() -> None:
    assert {stage: names_of(stage) for stage in Stage} == ENGINE_NAMES


def test_table_key_is_the_name_of_the_engine() -> None:
    assert [engine.name for engine in ENGINES.values()] == list(ENGINES)


@pytest.mark.parametrize("name", [name for name in ENGINES if name != "ffmpeg"])
def test_loader_is_a_function_in_the_stages_room(name: str) -> None:
    """Looked up without importing the module: the engine's library may be missing here."""
    engine = ENGINES[name]
    assert engine.loader is not None
    module, _, function = engine.loader.partition(":")
    (stage,) = engine.stages
    assert module.startswith(f"dubstage.{stage}.")
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    body = ast.parse(Path(spec.origin).read_text()).body
    assert function in {node.name for node in body if isinstance(node, ast.FunctionDef)}


def test_engine_of_finds_the_chosen_engine() -> None:
    assert engine_of(request_for(Stage.TRANSLATE)) is ENGINES["apertium"]


@pytest.mark.parametrize("name", ["espeak", "apertium"])
def test_engine_of_refuses_an_engine_that_the_stage_does_not_have(name: str) -> None:
    engines = {**CHOICES, Stage.SYNTHESIZE: EngineChoice(engine=name)}
    with pytest.raises(Misconfigured) as refused:
        engine_of(request_for(Stage.SYNTHESIZE, engines=engines))
    assert refused.value.reason == "EngineUnknown"
    assert "it has cosyvoice, espeak-ng, gtts, kokoro, openai-speech." in str(refused.value)


def test_every_engine_has_a_version() -> None:
    assert {name for name, engine in ENGINES.items() if engine.version is None} == {"none"}


def test_library_version_is_the_distributions() -> None:
    assert Library("pydantic").read() == importlib.metadata.version("pydantic")
    assert Library("no-such-distribution").read() is None


@pytest.mark.parametrize(
    ("command", "version"),
    [
        (("echo", "tool version 7.1-2 and more"), "7.1-2"),
        (("echo", "no number"), None),
        (("no-such-program",), None),
    ],
)
def test_program_version_is_the_first_number_that_it_prints(
    command: tuple[str, ...], version: str | None
) -> None:
    assert Program(command).read() == version


def test_revision_file_holds_the_version(tmp_path: Path) -> None:
    source = RevisionFile(tmp_path / "REVISION")
    assert source.read() is None
    source.path.write_text("ace7c47f\n")
    assert source.read() == "ace7c47f"


def test_dockerfile_writes_the_revision_file() -> None:
    source = ENGINES["cosyvoice"].version
    assert isinstance(source, RevisionFile)
    dockerfile = Path(__file__).parents[2] / "stage-images/Dockerfile"
    assert str(source.path) in dockerfile.read_text()
