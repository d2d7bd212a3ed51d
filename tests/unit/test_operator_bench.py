"""The operator's benchmark judges what it measures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from goals import Goal, verdict
from machine_load import Load, LoadMeter
from operator_figures import Pair, Row, at_once, idle, summary


def measured(count: int, seconds: float, *, hop: float = 0.02, cpu: float = 0.0) -> Row:
    """A row of the table: `cpu` is for each DubJob."""
    return Row("operator", count, seconds, [hop, hop, hop * 3], cpu=cpu * count)


@pytest.mark.parametrize(
    ("count", "changes", "met"),
    [
        (1, {"hop": 0.030}, [True]),
        (1, {"hop": 0.031}, [False]),
        (100, {"seconds": 105.0, "cpu": 0.06}, [True, True]),
        (100, {"seconds": 106.0, "cpu": 0.061}, [False, False]),
        (1000, {"seconds": 110.0, "cpu": 0.06}, [True, True]),
        (1000, {"seconds": 111.0, "cpu": 0.2}, [False, False]),
        (7, {"seconds": 999.0}, []),
    ],
)
def test_targets_for_concurrent_dubs(
    count: int, changes: dict[str, float], met: list[bool]
) -> None:
    dubs = measured(count, **{"seconds": 100.0, **changes})
    goals = list(at_once([Pair(measured(count, 100.0), dubs)]))
    assert [goal.met for goal in goals] == met


def test_targets_are_about_the_median_of_the_pairs() -> None:
    pairs = [
        Pair(measured(100, 100.0), measured(100, seconds, cpu=cpu))
        for seconds, cpu in ((104.0, 0.05), (300.0, 0.2), (101.0, 0.06))
    ]
    assert [goal.met for goal in at_once(pairs)] == [True, True]
    assert summary(pairs) == (
        "3 pairs of 100: times 1.04 (1.01 to 3.00), hop ms 20 (20 to 20), "
        "CPU ms each 60 (50 to 200)"
    )


def proc(folder: Path, machine: str, processes: dict[int, tuple[int, str]]) -> None:
    """A /proc with the first line of stat, and the parent and the four times of each process."""
    for old in folder.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
    (folder / "stat").write_text(f"cpu  {machine} 0 0\ncpu0 {machine} 0 0\n")
    (folder / "loadavg").write_text("3.50 1.00 0.50 2/100 99\n")
    for pid, (parent, times) in processes.items():
        (folder / str(pid)).mkdir()
        line = f"{pid} (a) b) S {parent} 0 0 0 0 0 0 0 0 0 {times} 20 0 1"
        (folder / str(pid) / "stat").write_text(line)


def test_load_leaves_out_the_benchmark_and_its_descendants(tmp_path: Path) -> None:
    before = {1: (0, "5 5 0 0"), 7: (1, "10 0 0 0"), 8: (7, "10 10 0 0"), 9: (1, "0 0 0 0")}
    proc(tmp_path, "100 0 50 850 0 0 0 0", before)
    meter = LoadMeter(7, tmp_path)
    # The child has ended, a grandchild of another has begun, others worked for 50 ticks.
    after = {1: (0, "5 5 0 0"), 7: (1, "20 0 30 10"), 9: (1, "40 10 0 0"), 10: (9, "1 0 0 0")}
    proc(tmp_path, "150 0 90 960 0 0 0 0", after)
    assert meter.load() == Load(average=3.5, others=0.3)


def test_target_for_finished_dubs() -> None:
    assert idle(10000, 300).met
    assert not idle(10000, 301).met


def test_missed_target_is_reported_and_exits_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert verdict([Goal("this", "1 ms", True), Goal("that", "9 ms", False)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].split() == ["met", "this", "1", "ms"]
    assert lines[-1].split() == ["NOT", "MET", "that", "9", "ms"]
    assert verdict([Goal("this", "1 ms", True)]) == 0
