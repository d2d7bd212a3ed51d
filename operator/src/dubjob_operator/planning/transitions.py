"""What is worth an Event: a stage's or the DubJob's change of state, once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJob, DubJobStatus, StageState, StageStatus
from dubjob_operator.planning.pipeline import ORDER

SAID = {
    StageState.QUEUED: "StageQueued",
    StageState.RUNNING: "StageStarted",
    StageState.RETRYING: "StageRetrying",
    StageState.SUCCEEDED: "StageSucceeded",
    StageState.FAILED: "StageFailed",
}
RANK = {state: number for number, state in enumerate(StageState)}
STAGES = [str(stage) for stage in ORDER]


@dataclass(frozen=True)
class Transition:
    """One thing that happened."""

    name: str
    """Name of the Event: the same thing has the same name, so that it is told once,
    and names sort in the order of the story."""
    warning: bool
    reason: str
    message: str


def transitions(dubjob: DubJob, after: DubJobStatus) -> list[Transition]:
    """What happened between the recorded status and `after`."""
    found = []
    for entry in after.stages:
        before = dubjob.status.of(entry.name)
        if not _same(before, entry):
            found += _stage(dubjob, entry)
    condition = after.condition(names.FINISHED)
    recorded = dubjob.status.condition(names.FINISHED)
    if (
        condition
        and condition.status == "True"
        and (
            recorded is None
            or recorded.status != "True"
            or recorded.observed_generation != condition.observed_generation
        )
    ):
        failed = condition.reason != names.COMPLETED
        key = f"finished/{condition.observed_generation}/{condition.reason}"
        found.append(
            Transition(
                _name(dubjob, f"{len(STAGES)}0", key),
                failed,
                condition.reason,
                condition.message,
            )
        )
    return found


def _same(before: StageStatus | None, after: StageStatus) -> bool:
    return before is not None and (before.state, before.run, before.attempts) == (
        after.state,
        after.run,
        after.attempts,
    )


def _stage(dubjob: DubJob, entry: StageStatus) -> list[Transition]:
    word = SAID.get(entry.state)
    queued_for_a_blink = entry.state is StageState.QUEUED and entry.reason != names.UNSCHEDULABLE
    if word is None or queued_for_a_blink:
        return []
    if entry.reused:
        word = "StageReused"
    place = f"{STAGES.index(entry.name)}{RANK[entry.state]}"
    key = f"{entry.name}/{entry.input_hash}/{entry.run}/{entry.attempts}/{entry.state}"
    warning = entry.state in (StageState.RETRYING, StageState.FAILED)
    message = f"{entry.name}: {entry.message}" if entry.message else entry.name
    return [Transition(_name(dubjob, place, key), warning, word, message)]


def _name(dubjob: DubJob, place: str, key: str) -> str:
    digest = hashlib.sha256(f"{dubjob.metadata.uid}/{key}".encode()).hexdigest()[:12]
    return f"{dubjob.metadata.name}.{place}.{digest}"
