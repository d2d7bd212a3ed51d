"""One version for the packages, the charts, the images and the examples that install them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest
import tomllib

ROOT = Path(__file__).parents[2]


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("version", ROOT / "docs/version.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


version = _script()


def test_there_is_one_version() -> None:
    places = [(str(file.relative_to(ROOT)), found[1]) for file, found in version.written()]
    one = tomllib.loads((ROOT / "cli/pyproject.toml").read_text())["project"]["version"]
    assert [place for place in places if place[1] != one] == []
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    packages = {each["name"]: each.get("version") for each in lock["package"]}
    for name in ("dubjob", "dubjob-operator", "dubstage"):
        assert packages[name] == one, "run `uv lock`"
        assert importlib.metadata.version(name) == one


@pytest.mark.parametrize("pattern", version.PLACES)
def test_every_place_is_found(pattern: str) -> None:
    """A place that has moved would keep its old version."""
    places = [file for file, found in version.written() if found.re.pattern == pattern]
    assert len(places) >= len(version.PLACES[pattern])


def test_a_release_writes_the_version_everywhere(tmp_path: Path) -> None:
    before = {}
    for file, _ in version.written():
        copy = tmp_path / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
        before[copy] = sum(1 for found in version.written() if found[0] == file)
    version.write("12.34.5-rc.1", tmp_path)
    after = [(file, found[1]) for file, found in version.written(tmp_path)]
    assert {each[1] for each in after} == {"12.34.5-rc.1"}
    assert {file: sum(1 for each in after if each[0] == file) for file in before} == before


def test_a_word_is_no_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert version.main(["next"]) == 2
    assert "'next' is not a version" in capsys.readouterr().err
