"""What every stage is doing: what was recorded, and what the cluster shows now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJob, StageState, StageStatus
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.planning import failure_policy
from dubjob_operator.planning.deadlines import start_deadline_left, timestamp
from dubjob_operator.planning.manifests import job_name
from dubjob_operator.planning.observation import Observed, ObservedJob
from dubjob_operator.planning.pipeline import ORDER, input_hashes
from dubjob_operator.planning.profile_use import ProfileProblem, usable_profile
from dubjob_operator.planning.stage_from_job import (
    CLAIM_MISSING,
    CREATED,
    ended,
    from_job,
    moved_to,
)
from dubstage.contract import ExitCode, Stage, StageResult

MOST_RUNS_FOR_MISSING_INPUT = 4
"""A stage whose input keeps vanishing is not started for ever."""


def stage_states(
    dubjob: DubJob,
    profile: DubProfile | ProfileProblem | None,
    observed: Observed,
    now: datetime,
) -> tuple[StageStatus, ...]:
    """The stages' states, in their order."""
    hashes = input_hashes(dubjob)
    entries = [_entry(dubjob, stage, hashes[stage], observed, now) for stage in ORDER]
    entries = _reuse(dubjob, entries, observed, hashes, now)
    entries = _rewind(dubjob, entries, observed, now)
    return tuple(_waiting(dubjob, entries, profile, now))


def current(entries: Sequence[StageStatus]) -> StageStatus | None:
    """The first stage that has not succeeded; None when all have."""
    return next((entry for entry in entries if entry.state is not StageState.SUCCEEDED), None)


def _entry(
    dubjob: DubJob, stage: Stage, input_hash: str, observed: Observed, now: datetime
) -> StageStatus:
    recorded = dubjob.status.of(str(stage))
    entry = _begin(dubjob, stage, input_hash, recorded, now)
    if entry.state in (StageState.SUCCEEDED, StageState.FAILED):
        return entry
    name = job_name(dubjob, entry)
    job = observed.job(name)
    if job is None:
        # Not created yet, or deleted by hand: it is created (again).
        return moved_to(entry, StageState.PENDING, now) if entry.job_name else entry
    return from_job(dubjob, entry, job, now)


def _begin(
    dubjob: DubJob, stage: Stage, input_hash: str, recorded: StageStatus | None, now: datetime
) -> StageStatus:
    """The recorded entry, or a fresh start where its work is no longer the right one.
    A failed stage starts afresh with a changed spec, whatever was changed."""
    changed = dubjob.metadata.generation != dubjob.status.observed_generation
    if recorded is None:
        run = 1
    elif recorded.input_hash != input_hash or (changed and recorded.state is StageState.FAILED):
        run = recorded.run + 1
    else:
        return recorded
    return fresh(str(stage), input_hash, run, now)


def fresh(stage: str, input_hash: str | None, run: int, now: datetime) -> StageStatus:
    """A stage that has not begun."""
    return StageStatus(
        name=stage,
        state=StageState.PENDING,
        input_hash=input_hash,
        run=run,
        since=timestamp(now),
    )


def _reuse(
    dubjob: DubJob,
    entries: list[StageStatus],
    observed: Observed,
    hashes: dict[Stage, str],
    now: datetime,
) -> list[StageStatus]:
    """Where ingest has just succeeded: the stages that it found done are done. What
    it says counts for the spec that it was started with, and for no other."""
    ingest, *later = entries
    recorded = dubjob.status.of(ingest.name)
    just_now = ingest.state is StageState.SUCCEEDED and (
        recorded is None or recorded.state is not StageState.SUCCEEDED or recorded.run != ingest.run
    )
    job = observed.job(ingest.job_name or "")
    if not just_now or job is None or job.pipeline_hash != hashes[ORDER[-1]]:
        return entries
    result = next((pod.result for pod in job.pods if pod.phase == "Succeeded"), None)
    reusable = {str(stage) for stage in result.reusable} if result else set()
    found = [ingest]
    for entry in later:
        if entry.name in reusable and entry.state is StageState.PENDING:
            done = ended(moved_to(entry, StageState.SUCCEEDED, now), now)
            entry = done.model_copy(update={"reused": True, "progress": 100})
        found.append(entry)
    return found


def _rewind(
    dubjob: DubJob, entries: list[StageStatus], observed: Observed, now: datetime
) -> list[StageStatus]:
    """Where a stage found an earlier stage's file gone: that stage runs again, and
    then this one."""
    failed = current(entries)
    recorded = dubjob.status.of(failed.name) if failed else None
    if failed is None or failed.state is not StageState.FAILED:
        return entries
    if recorded and recorded.state is StageState.FAILED and recorded.run == failed.run:
        return entries
    result = _missing_input(observed.job(failed.job_name or ""))
    if result is None or failed.run >= MOST_RUNS_FOR_MISSING_INPUT:
        return entries
    again = {str(result.missing_from), failed.name}
    return [
        fresh(entry.name, entry.input_hash, entry.run + 1, now) if entry.name in again else entry
        for entry in entries
    ]


def _missing_input(job: ObservedJob | None) -> StageResult | None:
    for pod in reversed(job.pods if job else ()):
        if pod.exit_code == ExitCode.NOINPUT and pod.result and pod.result.missing_from:
            return pod.result
    return None


def _waiting(
    dubjob: DubJob,
    entries: list[StageStatus],
    profile: DubProfile | ProfileProblem | None,
    now: datetime,
) -> list[StageStatus]:
    """The current stage says why it cannot start, and fails when its time is over."""
    waiting = current(entries)
    if waiting is None:
        return entries
    if waiting.state is StageState.PENDING:
        usable = usable_profile(dubjob, profile)
        if isinstance(usable, ProfileProblem):
            waiting = moved_to(waiting, StageState.PENDING, now, usable.reason, usable.message)
        elif waiting.reason:
            waiting = waiting.model_copy(
                update={"reason": None, "message": None, "since": timestamp(now)}
            )
    if is_fault(waiting) and start_deadline_left(dubjob, waiting, now) <= 0:
        message = (
            f"The {waiting.name} stage could not start in time ({waiting.reason}): "
            f"{waiting.message}"
        )
        failed = moved_to(
            waiting, StageState.FAILED, now, names.START_DEADLINE_EXCEEDED, sentence(message)
        )
        waiting = ended(failed, now)
    return [waiting if entry.name == waiting.name else entry for entry in entries]


def is_fault(entry: StageStatus) -> bool:
    """True where the stage cannot start until somebody acts, or nobody starts it."""
    if entry.state is StageState.PENDING:
        return bool(entry.reason)
    if entry.state is StageState.PULLING:
        return entry.reason == CLAIM_MISSING or entry.reason in failure_policy.FAULTS
    return entry.state is StageState.QUEUED and entry.reason == CREATED


def sentence(text: str) -> str:
    """`text` with a full stop at its end."""
    text = text.strip()
    return text if text.endswith((".", "…", "!", "?")) else f"{text}."
