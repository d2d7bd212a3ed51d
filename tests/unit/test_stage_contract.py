"""What operator and stages say to each other."""

from __future__ import annotations

import pytest

from dubstage.contract import Stage, StageResult


@pytest.mark.parametrize(
    "message",
    ["short", "x" * 10_000, "é" * 5_000, '"quoted" \\ ' * 900, "line\n" * 2_000],
    ids=["short", "long", "wide", "escaped", "lines"],
)
def test_result_fits_the_termination_message(message: str) -> None:
    figures: dict[str, str | int | float | bool] = {f"figure_{n}": n for n in range(200)}
    result = StageResult(
        stage=Stage.MUX, reason="BadInput", message=message, seconds=1.5, figures=figures
    )
    text = result.to_termination_message()
    assert len(text.encode()) <= 4096
    read = StageResult.from_termination_message(text)
    assert read is not None
    assert read.reason == "BadInput"
    assert read.message[:5] == message[:5]


@pytest.mark.parametrize("text", [None, "", "Traceback (most recent call last)", '{"stage": "mux"'])
def test_what_is_no_result_is_never_shown(text: str | None) -> None:
    assert StageResult.from_termination_message(text) is None
