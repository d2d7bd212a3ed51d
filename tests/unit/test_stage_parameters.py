"""Numbers and flags that a profile sets."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from made_media import DubbedSegment, make_video, run_dub, source_path
from speech_world import SEGMENTS, write_job

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.engines.parameters import flag, number, whole
from dubstage.errors import Misconfigured
from dubstage.testing import ENGINES, request_for, run_stage_in

Value = str | int | float | bool


def choice(value: Value) -> EngineChoice:
    # What a profile holds is not checked before.
    return EngineChoice(engine="any").model_copy(update={"parameters": {"size": value}})


@pytest.mark.parametrize(("value", "expected"), [(3, 3), (3.0, 3), ("3", 3), (" 3 ", 3), (1, 1)])
def test_whole_number_in_any_form(value: Value, expected: int) -> None:
    assert whole(choice(value), "size", 2, 1, 9) == expected
    assert number(choice(value), "size", 2, 1, 9) == expected


@pytest.mark.parametrize(
    "value",
    ["", "abc", "1e", 0, 10, -1, 10**400, 1e300, math.nan, math.inf, "nan", "inf", True, False],
)
def test_other_values_are_misconfigured(value: Value) -> None:
    for read in (whole, number):
        with pytest.raises(Misconfigured, match="Parameter size of the engine any is"):
            read(choice(value), "size", 2, 1, 9)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (False, False), ("true", True), ("False", False), (" false ", False)],
)
def test_flag_in_any_form(value: Value, expected: bool) -> None:
    assert flag(choice(value), "size", not expected) is expected
    assert flag(choice(value), "size", None) is expected


@pytest.mark.parametrize("value", ["", "off", "no", "yes", 0, 1, 0.0, "none"])
def test_anything_else_is_no_flag(value: Value) -> None:
    with pytest.raises(Misconfigured, match=r"Parameter size .* expected true or false"):
        flag(choice(value), "size", True)


@pytest.mark.parametrize("default", [True, False])
def test_default_of_a_flag(default: bool) -> None:
    assert flag(EngineChoice(engine="any"), "size", default) is default
    assert flag(EngineChoice(engine="any"), "size", None) is None


FLAGS = [
    (Stage.TRANSCRIBE, "faster-whisper", "diarize"), (Stage.SYNTHESIZE, "kokoro", "check")
]  # fmt: skip


@pytest.mark.parametrize(("stage", "engine", "name"), FLAGS)
def test_text_that_is_no_flag_ends_the_stage_for_good(
    stage: Stage, engine: str, name: str, tmp_path: Path
) -> None:
    write_job(tmp_path, SEGMENTS)
    selected = EngineChoice(engine=engine, parameters={name: "off"})
    request = request_for(stage, engines={**ENGINES, stage: selected})
    ended = run_stage_in(tmp_path, request)
    assert ended.code == ExitCode.CONFIG
    assert f"Parameter {name} of the engine {engine} is 'off'" in ended.result.message


@pytest.mark.parametrize("name", ["room", "surround"])
def test_text_that_is_no_flag_ends_mux_for_good(name: str, tmp_path: Path) -> None:
    make_video(source_path(tmp_path))
    assert run_dub(tmp_path, [DubbedSegment(0.5, 1.5, 1.0)]).code is ExitCode.OK
    selected = EngineChoice(engine="ffmpeg", parameters={name: "off"})
    changed = request_for(Stage.MUX, engines={**ENGINES, Stage.MUX: selected})
    ended = run_stage_in(tmp_path, changed)
    assert ended.code == ExitCode.CONFIG
    assert f"Parameter {name} of the engine ffmpeg is 'off'" in ended.result.message


def test_part_of_a_number_is_not_whole() -> None:
    assert number(choice(2.5), "size", 2, 1, 9) == 2.5
    with pytest.raises(Misconfigured, match="expected a whole number"):
        whole(choice(2.5), "size", 2, 1, 9)


def test_default_without_the_parameter() -> None:
    assert whole(EngineChoice(engine="any"), "size", 2, 1, 9) == 2


@pytest.mark.parametrize("value", ["fast", 0, 10**9, True])
def test_wrong_number_ends_the_stage_for_good(tmp_path: Path, value: Value) -> None:
    """A retry would not help."""
    write_job(tmp_path, SEGMENTS)
    parameters = {"words_per_minute": value}
    engines = {
        **ENGINES, Stage.SYNTHESIZE: EngineChoice(engine="espeak-ng", parameters=parameters)
    }  # fmt: skip
    ended = run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE, engines=engines))
    assert ended.code == ExitCode.CONFIG
    assert "words_per_minute" in ended.result.message
