"""What is remembered of earlier runs."""

from __future__ import annotations

from typing import Any

import pytest
from planning_world import World

from dubjob_operator.api.status import StageStatus
from dubjob_operator.cluster.throughput import RUNS, Throughput
from dubstage.contract import Stage
from dubstage.contract.summary import StageSummary

CPU, GPU = ("dubbing", "cpu"), ("dubbing", "gpu")


def finished(seconds: float, **first: Any) -> list[StageStatus]:
    """The stages of a source of 100 seconds, with the seconds that each took."""
    world = World()
    done = world.finish(summary=StageSummary(duration_milliseconds=100_000), **first)
    return [
        entry.model_copy(update={"elapsed_milliseconds": round(seconds * 1000)})
        for entry in done.stages
    ]


def test_throughput_is_the_median_of_recent_dubs() -> None:
    paces = Throughput()
    for number, seconds in enumerate((10.0, 20.0, 90.0)):
        for _ in range(3):
            paces.learn(GPU, str(number), finished(seconds))
    assert paces.of(GPU) == {stage: 0.2 for stage in Stage}
    assert paces.of(CPU) == {}
    for number in range(RUNS):
        paces.learn(GPU, f"later-{number}", finished(50.0))
    assert paces.of(GPU)[Stage.MUX] == 0.5


@pytest.mark.parametrize("partial", ["reused", "imports", "shortens"])
def test_run_that_did_not_do_all_the_work_does_not_change_the_throughput(partial: str) -> None:
    paces = Throughput()
    stages = [entry.model_copy(update={partial: True}) for entry in finished(1.0)]
    paces.learn(GPU, "one", stages)
    assert paces.of(GPU) == {}
