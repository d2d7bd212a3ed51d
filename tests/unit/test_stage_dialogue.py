"""The level of each dubbed segment: within the range of a dialogue, in their order."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from made_media import (
    RATE,
    DubbedSegment,
    make_video,
    run_dub,
    source_path,
    vocals_and_background,
)

from dubstage.contract import EngineChoice, ExitCode, MixOptions, Stage
from dubstage.mux.dialogue import DEFAULT_RANGE, KEPT_SHARE, plan_levels
from dubstage.mux.loudness import SILENCE, segment_loudness
from dubstage.testing import ENGINES, request_for, run_stage_in
from dubstage.workspace.layout import Artifact

KEPT = KEPT_SHARE * DEFAULT_RANGE


def planned(loudness: list[float], seconds: list[float] | None = None) -> list[float]:
    lengths = seconds or [2.0] * len(loudness)
    return [level.planned for level in plan_levels(loudness, lengths)]


@pytest.mark.parametrize(
    "loudness",
    [
        pytest.param([], id="nothing"),
        pytest.param([-38.0], id="one segment"),
        pytest.param([SILENCE], id="one silent segment"),
        pytest.param([SILENCE, SILENCE], id="silence"),
        pytest.param([-27.0, -22.5, -20.0, -17.1], id="ordinary speech"),
        pytest.param([-20.0, SILENCE, -23.0], id="ordinary speech and silence"),
        pytest.param([-45.0, -40.0, -36.0], id="soft speech alone"),
        pytest.param([-30.0, -20.0], id="as wide as the range that is kept"),
    ],
)
def test_ordinary_speech_keeps_its_levels(loudness: list[float]) -> None:
    assert planned(loudness) == loudness


@pytest.mark.parametrize(
    ("loudness", "seconds", "expected"),
    [
        pytest.param(
            [-20.0, -38.0, -12.0], [2.0, 2.0, 2.0], [-20.0, -27.1, -13.6],
            id="a whisper and a shout: both ends come closer",
        ),
        pytest.param(
            [-20.0, -38.0, -19.0], [2.0, 2.0, 2.0], [-20.0, -31.0, -19.0],
            id="a whisper alone: it may be further away",
        ),
        pytest.param(
            [-30.0, -12.0, -29.0], [2.0, 2.0, 2.0], [-30.0, -18.1, -29.0], id="a shout alone",
        ),
        pytest.param(
            [-36.0, -20.0], [9.0, 1.0], [-36.0, -24.2], id="most of it is whispered",
        ),
        pytest.param(
            [-36.0, -20.0], [2.0, 2.0], [-31.8, -20.0], id="as much of both: the louder is kept",
        ),
    ],
)  # fmt: skip
def test_speech_beyond_the_ordinary_comes_closer(
    loudness: list[float], seconds: list[float], expected: list[float]
) -> None:
    assert planned(loudness, seconds) == pytest.approx(expected, abs=0.1)


def test_silence_does_not_count() -> None:
    """It neither moves nor decides which level is ordinary."""
    quiet = [SILENCE] * 1000
    assert planned([*quiet, -20.0, -38.0, -20.0])[-3:] == planned([-20.0, -38.0, -20.0])
    assert planned([*quiet, -20.0, -38.0])[:1000] == quiet


def test_level_of_what_is_not_dubbed_does_not_count() -> None:
    levels = plan_levels([-50.0, -22.0, -20.0], [0.0, 1.0, 1.0])
    assert [level.change for level in levels[1:]] == [0.0, 0.0]


segments = st.lists(st.tuples(st.floats(-69.0, 0.0), st.floats(0.1, 30.0)), min_size=1, max_size=40)


@given(segments=segments, limit=st.floats(3.0, 60.0, exclude_max=True))
def test_range_is_bounded_and_the_order_is_kept(
    segments: list[tuple[float, float]], limit: float
) -> None:
    levels = plan_levels([one for one, _ in segments], [one for _, one in segments], limit)
    ordered = sorted(levels, key=lambda level: level.original)
    for softer, louder in pairwise(ordered):
        assert softer.planned <= louder.planned + 1e-9
        if louder.original - softer.original > 0.01:
            assert softer.planned < louder.planned, "different levels stay different"
        assert louder.planned - softer.planned <= louder.original - softer.original + 1e-9
    assert ordered[-1].planned - ordered[0].planned < limit
    if ordered[-1].original - ordered[0].original <= KEPT_SHARE * limit:
        assert [level.change for level in levels] == [0.0] * len(levels)


@given(
    levels=st.lists(st.tuples(st.integers(-59, -11), st.integers(1, 30)), min_size=1, max_size=40),
    shift=st.integers(-10, 10),
)
def test_gain_of_the_whole_source_shifts_the_dub(levels: list[tuple[int, int]], shift: int) -> None:
    """What counts is the distance from the other speech, not the loudness in LUFS."""
    seconds = [float(length) for _, length in levels]
    before = planned([float(level) for level, _ in levels], seconds)
    after = planned([float(level + shift) for level, _ in levels], seconds)
    assert after == pytest.approx([each + shift for each in before])


def test_widest_range_changes_no_level() -> None:
    loudness = [-69.0, -38.0, -20.0, -12.0, -1.0, 0.0]
    assert [x.planned for x in plan_levels(loudness, [1.0] * 6, 60.0)] == loudness


SCENE = [
    DubbedSegment(0.3, 1.0, 0.7),
    DubbedSegment(1.3, 2.0, 0.7, level=0.03),
    DubbedSegment(2.3, 3.0, 0.7, level=0.6),
    DubbedSegment(3.3, 4.0, 0.7),
]
"""Two sentences, a whisper 16.5 LU softer and a shout 9.5 LU louder."""


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        pytest.param({}, [0.0, -7.0, 6.6, 0.0], id="by default"),
        pytest.param({"dialogue_range": 60}, [0.0, -16.5, 9.5, 0.0], id="as the original"),
        pytest.param({"dialogue_range": "60"}, [0.0, -16.5, 9.5, 0.0], id="the same, in a text"),
    ],
)
def test_whisper_and_shout_are_heard_at_one_volume(
    tmp_path: Path, parameters: dict[str, str | int | float | bool], expected: list[float]
) -> None:
    """Measured on the voice of the mix, whose gain is the same for all segments."""
    audio = tmp_path / "audio.wav"
    vocals, background = vocals_and_background(SCENE, 4.5)
    soundfile.write(audio, vocals + background, RATE)
    make_video(source_path(tmp_path), seconds=4.5, audio=audio)
    choice = EngineChoice(engine="ffmpeg", parameters=parameters)
    ended = run_dub(
        tmp_path, SCENE, 4.5,
        engines={**ENGINES, Stage.MUX: choice}, mix=MixOptions(stems=True),
    )  # fmt: skip
    assert ended.code is ExitCode.OK, ended.result.message
    report = json.loads(ended.tree.path(Artifact.REPORT).read_text())
    segments, totals = report["segments"], report["totals"]
    voice, _ = soundfile.read(ended.tree.path(Artifact.STEMS).parent / "voice.wav", dtype="float32")
    levels = [
        segment_loudness(voice[round(one["dub_start"] * RATE) : round(one["dub_end"] * RATE)])
        for one in segments
    ]
    assert [each - levels[0] for each in levels] == pytest.approx(expected, abs=0.3)
    originals = [0.0, -16.5, 9.5, 0.0]
    changes = [now - before for now, before in zip(expected, originals, strict=True)]
    assert [one["level_change"] for one in segments] == pytest.approx(changes, abs=0.3)
    assert totals["level_error_max"] < 0.3
    assert totals["dialogue_range"] == pytest.approx(expected[2] - expected[1], abs=0.3)
    assert ("2 soft or loud segments leveled" in ended.result.message) is bool(not parameters)


def test_invalid_range_ends_mux_before_the_work(tmp_path: Path) -> None:
    make_video(source_path(tmp_path))
    assert run_dub(tmp_path, SCENE[:1]).code is ExitCode.OK
    for value in (2.9, 60.1, -15, True, "wide"):
        choice = EngineChoice(engine="ffmpeg", parameters={"dialogue_range": value})
        changed = request_for(Stage.MUX, engines={**ENGINES, Stage.MUX: choice})
        ended = run_stage_in(tmp_path, changed)
        assert ended.code is ExitCode.CONFIG
        assert f"Parameter dialogue_range of the engine ffmpeg is {value!r}" in ended.result.message
        assert "from 3 to 60. " in ended.result.message
