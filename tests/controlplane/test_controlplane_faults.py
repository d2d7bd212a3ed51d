"""Trouble at and between stages: afterwards everything is as without it.

``make test`` runs one point of each fault, chosen by ``CHAOS_SEED``; ``make chaos`` runs
all of them.
"""

from __future__ import annotations

import os
import random

import pytest
from control_plane_view import JOB_SECONDS, conditions
from faults import DESTRUCTIVE, FAULTS, KILLING, Fault, Trouble

from dubstage.contract import Stage, StageResult

STAGES = [str(stage) for stage in Stage]
ALL = os.environ.get("CHAOS") == "all"
SEED = int(os.environ.get("CHAOS_SEED", "20261"))


def points() -> list[tuple[Fault, str, str]]:
    """Fault, stage, and whether the stage's pod is waiting, running or has ended."""
    chosen = random.Random(SEED)
    found = []
    for fault in FAULTS:
        moments = ["before", "during"] if fault in DESTRUCTIVE else ["before", "during", "after"]
        every = [(fault, stage, moment) for stage in STAGES for moment in moments]
        found += every if ALL else [chosen.choice(every)]
    return found


@pytest.mark.parametrize(
    ("fault", "stage", "moment"),
    [pytest.param(*point, id=f"{point[0].__name__}-{point[2]}-{point[1]}") for point in points()],
)
def test_faults_do_not_change_the_result(
    trouble: Trouble, fault: Fault, stage: str, moment: str
) -> None:
    view, name = trouble.view, "troubled"
    view.apply(name, deadlines={"activeSeconds": 86400, "startSeconds": 86400})
    for each in STAGES:
        pod = view.pod_of(name, each, JOB_SECONDS)
        if each == stage and moment == "before":
            fault(trouble, name, each)
        pod = view.pod_of(name, each, JOB_SECONDS)
        view.play(pod, "Running")
        if each == stage and moment == "during":
            fault(trouble, name, each)
            pod = view.pod_of(name, each, JOB_SECONDS)
            view.play(pod, "Running")
        said = StageResult(stage=Stage(each), reason="Succeeded").to_termination_message()
        view.play(pod, "Succeeded", 0, said)
        if each == stage and moment == "after":
            fault(trouble, name, each)
    done = view.finished(name, timeout=120)
    states = [(entry["state"], entry["run"]) for entry in done["status"]["stages"]]
    assert states == [("Succeeded", 1)] * 6
    assert conditions(done)["Complete"]["status"] == "True"
    assert view.stages_of(name) == STAGES, "an orphan, or a stage that ran twice"
    view.until(
        "the Jobs to be complete",
        lambda: all(job["status"].get("succeeded") == 1 for job in view.items("jobs")),
        JOB_SECONDS,
    )
    assert len(view.items("pods", "-l", f"dubjob.dev/dubjob={name}")) == len(STAGES)
    selector = f"involvedObject.uid={done['metadata']['uid']}"

    def told() -> list[tuple[str, str]]:
        events = view.items("events", "--field-selector", selector)
        return [(event["reason"], event["message"]) for event in events]

    # Events are emitted after the status is written. An operator that is killed in between loses
    # them, which can happen only at its last write.
    if not (fault in KILLING and moment == "after" and stage == STAGES[-1]):
        view.until(
            "the Event of the completion",
            lambda: "Completed" in [reason for reason, _ in told()],
            JOB_SECONDS,
        )
    found = told()
    assert len(found) == len(set(found)) or trouble.pods_killed, "something was told twice"
    assert [reason for reason, _ in found].count("Completed") <= 1
