"""One version for the packages, the charts, the images and the examples that install them."""

from __future__ import annotations

import importlib.metadata
import shutil
from pathlib import Path

import pytest
import tomllib
import version

ROOT = Path(__file__).parents[2]


def test_there_is_one_version() -> None:
    places = [(str(file.relative_to(ROOT)), found[1]) for file, found in version.written()]
    one = tomllib.loads((ROOT / "cli/pyproject.toml").read_text())["project"]["version"]
    assert [place for place in places if place[1] != one] == []
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    packages = {each["name"]: each.get("version") for each in lock["package"]}
    for name in ("dubjob", "dubjob-operator", "dubstage"):
        assert packages[name] == one, "run `uv lock`"
        assert importlib.metadata.version(name) == one


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A copy of the files that contain the version."""
    for file, _ in version.written():
        copy = tmp_path / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    return tmp_path


def test_a_release_writes_the_version_everywhere(release: Path) -> None:
    before = [file for file, _ in version.written(release)]
    version.write("12.34.5", release)
    assert [file for file, _ in version.written(release)] == before
    assert {match[1] for _, match in version.written(release)} == {"12.34.5"}


@pytest.mark.parametrize("number", range(len(version.written())))
def test_a_place_that_moved_is_missed(release: Path, number: int) -> None:
    """It would keep its old version."""
    file, match = version.written(release)[number]
    text = file.read_text()
    file.write_text(text[: match.start()] + text[match.end() :])
    with pytest.raises(ValueError, match=r"places that match .+; expected \d"):
        version.write("12.34.5", release)


@pytest.mark.parametrize("word", ["next", "1.2", "1.2.3-rc.1", "1.2.3rc1", "v1.2.3"])
def test_only_a_release_is_a_version(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert version.main([word]) == 2
    assert f"{word!r} is not the version of a release" in capsys.readouterr().err
