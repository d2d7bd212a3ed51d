"""The transitions that are emitted as Events: changes of state, each once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from dubjob_operator import names, reasons
from dubjob_operator.api.dubjob import Metadata
from dubjob_operator.api.status import DubJobStatus, StageState, StageStatus
from dubjob_operator.planning import messages
from dubjob_operator.planning.pipeline import ORDER
from dubjob_operator.planning.verbs import retry_problem

REASONS = {
    StageState.QUEUED: reasons.STAGE_QUEUED,
    StageState.RUNNING: reasons.STAGE_STARTED,
    StageState.PULLING: reasons.STAGE_PULLING,
    StageState.RETRYING: reasons.STAGE_RETRYING,
    StageState.AWAITING_REVIEW: reasons.AWAITING_REVIEW,
    StageState.SUCCEEDED: reasons.STAGE_SUCCEEDED,
    StageState.FAILED: reasons.STAGE_FAILED,
}
RANK = {state: number for number, state in enumerate(StageState)}
NAME_LENGTH = 253
"""Limit of the name of an object. The name of a DubJob may be as long."""
STAGES = [str(stage) for stage in ORDER]


@dataclass(frozen=True)
class Transition:
    """One change that becomes an Event."""

    name: str
    """Name of the Event. The same transition always has the same name, so that it is emitted
    once; the names sort in the order of the stages."""
    warning: bool
    reason: str
    message: str


def transitions(metadata: Metadata, before: DubJobStatus, after: DubJobStatus) -> list[Transition]:
    """Return the changes of the DubJob with `metadata` between two statuses."""
    found = []
    for entry in after.stages:
        if not _same(before.of(entry.name), entry):
            found += _stage(metadata, entry)
    found += _requests(metadata, before, after)
    if _became_true(before, after, names.SUSPENDED):
        found.append(_whole(metadata, after, names.SUSPENDED, f"{after.observed_generation}"))
    if _became_true(before, after, names.FINISHED):
        runs = "/".join(str(entry.run) for entry in after.stages)
        occasion = f"{after.observed_generation}/{runs}"
        found.append(_whole(metadata, after, names.FINISHED, occasion))
    return found


def _requests(metadata: Metadata, before: DubJobStatus, after: DubJobStatus) -> list[Transition]:
    """Return the retries and approvals that were handled."""
    found = []
    retry, approval = after.last_handled_retry, after.last_handled_approval
    if retry and retry != before.last_handled_retry and not before.is_new:
        problem = retry_problem(retry)
        reason = reasons.RETRY_REFUSED if problem else reasons.RETRY
        message = problem or messages.retry_requested(retry)
        name = _name(metadata, f"{len(STAGES)}1", f"retry/{retry}")
        found.append(Transition(name, bool(problem), reason, message))
    if approval and approval != before.last_handled_approval:
        name = _name(metadata, f"{len(STAGES)}2", f"approved/{approval}")
        found.append(Transition(name, False, reasons.APPROVED, messages.approved(approval)))
    return found


def _became_true(before: DubJobStatus, after: DubJobStatus, kind: str) -> bool:
    was, now = before.condition(kind), after.condition(kind)
    return bool(now and now.status == "True" and (was is None or was.status != "True"))


def _whole(metadata: Metadata, after: DubJobStatus, kind: str, occasion: str) -> Transition:
    """Return the change of the DubJob as a whole."""
    condition = after.condition(kind)
    assert condition is not None
    failed = kind == names.FINISHED and condition.reason != reasons.COMPLETED
    name = _name(metadata, f"{len(STAGES)}0", f"{kind}/{occasion}")
    return Transition(name, failed, condition.reason, condition.message)


def _same(before: StageStatus | None, after: StageStatus) -> bool:
    return before is not None and (
        (before.state, before.run, before.attempts, _blocked(before))
        == (after.state, after.run, after.attempts, _blocked(after))
    )


def _blocked(entry: StageStatus) -> str | None:
    """Why the stage has no Job, None if nothing prevents it."""
    waits = entry.state is StageState.PENDING and entry.reason != reasons.SUSPENDED
    return entry.reason if waits else None


def _stage(metadata: Metadata, entry: StageStatus) -> list[Transition]:
    blocked = _blocked(entry)
    reason = blocked or (REASONS.get(entry.state) if isinstance(entry.state, StageState) else None)
    if reason is None:
        return []
    if entry.reused:
        reason = reasons.STAGE_REUSED
    if entry.reason == reasons.SIDECAR_LEFT:
        reason = reasons.SIDECAR_LEFT
    place = f"{STAGES.index(entry.name)}{RANK[StageState(entry.state)]}"
    key = f"{entry.name}/{entry.input_hash}/{entry.run}/{entry.attempts}/{entry.state}"
    key = f"{key}/{blocked}" if blocked else key
    warning = (
        bool(blocked)
        or reason == reasons.SIDECAR_LEFT
        or entry.state in (StageState.RETRYING, StageState.FAILED)
    )
    message = f"{entry.name}: {entry.message}" if entry.message else entry.name
    return [Transition(_name(metadata, place, key), warning, reason, message)]


def _name(metadata: Metadata, place: str, key: str) -> str:
    digest = hashlib.sha256(f"{metadata.uid}/{key}".encode()).hexdigest()[:12]
    stem = metadata.name[: NAME_LENGTH - len(place) - len(digest) - 2].rstrip("-.")
    return f"{stem}.{place}.{digest}"
