"""A short `make bench-dubbing`: fast speech through the real stages, against the truth."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_dubbing import quality
from clips import RECIPES, make
from dub_run import SEED, dub


@pytest.mark.timeout(300)
def test_a_dub_is_as_good_as_the_goals_say(tmp_path: Path) -> None:
    """The clip at which the plain method fails: lines that are too long for their time."""
    assert (SEED / "faster-whisper/base").is_dir(), "fetch the models: make models"
    recipe = next(recipe for recipe in RECIPES if recipe.name == "fast speech")
    found = dub(make(recipe, tmp_path / "film"), tmp_path / "job")
    goals = list(quality([found]))
    assert not [str(goal) for goal in goals if not goal.met]
