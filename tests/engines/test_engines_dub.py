"""Speech that is hard to dub, through the real stages."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path

import pytest
from bench_dubbing import quality
from clips import RECIPES, make
from dub_run import SEED, dub
from made_media import DubbedSegment, make_video, run_dub, source_path

from dubstage.timing.fit import MAX_SPEED
from dubstage.workspace.layout import Artifact


@pytest.mark.timeout(300)
def test_dub_meets_the_quality_targets(tmp_path: Path) -> None:
    """A short `make bench-dubbing`, against the truth: the clip at which the plain method
    fails, lines that are too long for their time."""
    assert (SEED / "faster-whisper/base").is_dir(), "fetch the models: make models"
    recipe = next(recipe for recipe in RECIPES if recipe.name == "fast speech")
    found = dub(make(recipe, tmp_path / "film"), tmp_path / "job")
    goals = list(quality([found]))
    assert not [str(goal) for goal in goals if not goal.met]


@pytest.mark.timeout(300)
def test_a_hundred_segments_per_minute(tmp_path: Path) -> None:
    """Two people in turns. Quick, each line at its time, none above the cap."""
    turns = [
        DubbedSegment(
            n * 0.6, n * 0.6 + 0.5, 0.0, speaker=f"S{n % 2}", translation=f"Línea {n}, y sí."
        )
        for n in range(100)
    ]
    make_video(source_path(tmp_path), seconds=61.0)
    begun = time.monotonic()
    ended = run_dub(tmp_path, turns, 61.0, synthesize=True)
    assert time.monotonic() - begun < 60
    lines = json.loads(ended.tree.path(Artifact.REPORT).read_text())["segments"]
    assert len(lines) == 100
    assert all(line["loudness"] is not None for line in lines), "some were not spoken"
    assert all(line["onset_error"] == pytest.approx(-line["lead"], abs=0.02) for line in lines)
    assert max(line["speed"] for line in lines) <= MAX_SPEED + 1e-6
    for speaker in ("S0", "S1"):
        own = [line for line in lines if line["speaker"] == speaker]
        assert all(before["dub_end"] <= after["start"] + 0.001 for before, after in pairwise(own))
    assert (ended.result.summary.true_peak_centi_dbtp or 0) <= -100
