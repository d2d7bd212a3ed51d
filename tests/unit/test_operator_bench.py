"""The operator's benchmark judges what it measures."""

from __future__ import annotations

import pytest
from bench_operator import Row, at_once, idle
from goals import Goal, verdict


def measured(count: int, seconds: float, *, hop: float = 0.02, cpu: float = 0.0) -> Row:
    """A row of the table: `cpu` is for each DubJob."""
    return Row("operator", count, seconds, [hop, hop, hop * 3], cpu=cpu * count)


@pytest.mark.parametrize(
    ("count", "changes", "met"),
    [
        (1, {"hop": 0.030}, [True]),
        (1, {"hop": 0.031}, [False]),
        (100, {"seconds": 110.0, "cpu": 0.1}, [True, True]),
        (100, {"seconds": 111.0, "cpu": 0.101}, [False, False]),
        (1000, {"seconds": 115.0, "cpu": 0.1}, [True, True]),
        (1000, {"seconds": 116.0, "cpu": 0.2}, [False, False]),
        (7, {"seconds": 999.0}, []),
    ],
)
def test_targets_for_concurrent_dubs(
    count: int, changes: dict[str, float], met: list[bool]
) -> None:
    dubs = measured(count, **{"seconds": 100.0, **changes})
    goals = list(at_once(measured(count, 100.0), dubs))
    assert [goal.met for goal in goals] == met


def test_target_for_finished_dubs() -> None:
    assert idle(10000, 300).met
    assert not idle(10000, 301).met


def test_missed_target_is_reported_and_exits_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert verdict([Goal("this", "1 ms", True), Goal("that", "9 ms", False)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].split() == ["met", "this", "1", "ms"]
    assert lines[-1].split() == ["NOT", "MET", "that", "9", "ms"]
    assert verdict([Goal("this", "1 ms", True)]) == 0
