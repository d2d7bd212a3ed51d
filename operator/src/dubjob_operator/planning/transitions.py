"""What is worth an Event: a stage's or the DubJob's change of state, once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from dubjob_operator import names, reasons
from dubjob_operator.api.dubjob import DubJob, DubJobStatus, StageState, StageStatus
from dubjob_operator.planning import messages
from dubjob_operator.planning.pipeline import ORDER
from dubjob_operator.planning.verbs import retry_problem

SAID = {
    StageState.QUEUED: reasons.STAGE_QUEUED,
    StageState.RUNNING: reasons.STAGE_STARTED,
    StageState.PULLING: reasons.STAGE_PULLING,
    StageState.RETRYING: reasons.STAGE_RETRYING,
    StageState.AWAITING_REVIEW: reasons.AWAITING_REVIEW,
    StageState.SUCCEEDED: reasons.STAGE_SUCCEEDED,
    StageState.FAILED: reasons.STAGE_FAILED,
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
    found += _asked_for(dubjob, after)
    if _became_true(dubjob, after, names.SUSPENDED):
        found.append(_whole(dubjob, after, names.SUSPENDED, f"{after.observed_generation}"))
    if _became_true(dubjob, after, names.FINISHED):
        runs = "/".join(str(entry.run) for entry in after.stages)
        found.append(_whole(dubjob, after, names.FINISHED, f"{after.observed_generation}/{runs}"))
    return found


def _asked_for(dubjob: DubJob, after: DubJobStatus) -> list[Transition]:
    """Retries and approvals that are being carried out."""
    found = []
    retry = after.last_handled_retry
    if retry and retry != dubjob.status.last_handled_retry and not dubjob.is_new:
        problem = retry_problem(dubjob)
        reason = reasons.RETRY_REFUSED if problem else reasons.RETRY
        message = problem or messages.retry_requested(retry)
        place = f"{len(STAGES)}1"
        found.append(
            Transition(_name(dubjob, place, f"retry/{retry}"), bool(problem), reason, message)
        )
    approval = after.last_handled_approval
    if approval and approval != dubjob.status.last_handled_approval:
        message = messages.approved(approval)
        place = f"{len(STAGES)}2"
        found.append(
            Transition(
                _name(dubjob, place, f"approved/{approval}"), False, reasons.APPROVED, message
            )
        )
    return found


def _became_true(dubjob: DubJob, after: DubJobStatus, kind: str) -> bool:
    before, now = dubjob.status.condition(kind), after.condition(kind)
    return bool(now and now.status == "True" and (before is None or before.status != "True"))


def _whole(dubjob: DubJob, after: DubJobStatus, kind: str, occasion: str) -> Transition:
    """What happened to the DubJob as a whole."""
    condition = after.condition(kind)
    assert condition is not None
    failed = kind == names.FINISHED and condition.reason != reasons.COMPLETED
    name = _name(dubjob, f"{len(STAGES)}0", f"{kind}/{occasion}")
    return Transition(name, failed, condition.reason, condition.message)


def _same(before: StageStatus | None, after: StageStatus) -> bool:
    return before is not None and (before.state, before.run, before.attempts) == (
        after.state,
        after.run,
        after.attempts,
    )


def _stage(dubjob: DubJob, entry: StageStatus) -> list[Transition]:
    if not isinstance(entry.state, StageState):
        return []
    word = SAID.get(entry.state)
    if word is None:
        return []
    if entry.reused:
        word = reasons.STAGE_REUSED
    place = f"{STAGES.index(entry.name)}{RANK[entry.state]}"
    key = f"{entry.name}/{entry.input_hash}/{entry.run}/{entry.attempts}/{entry.state}"
    warning = entry.state in (StageState.RETRYING, StageState.FAILED)
    message = f"{entry.name}: {entry.message}" if entry.message else entry.name
    return [Transition(_name(dubjob, place, key), warning, word, message)]


def _name(dubjob: DubJob, place: str, key: str) -> str:
    digest = hashlib.sha256(f"{dubjob.metadata.uid}/{key}".encode()).hexdigest()[:12]
    return f"{dubjob.metadata.name}.{place}.{digest}"
