"""The status: one truth about the whole, out of the stages' states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from dubjob_operator import names, reasons
from dubjob_operator.api.dubjob import Condition, DubJob, DubJobStatus, StageState, StageStatus
from dubjob_operator.planning import messages, outcome
from dubjob_operator.planning.estimate import Pace, remaining_seconds
from dubjob_operator.planning.observation import Observed
from dubjob_operator.planning.pipeline import WEIGHTS
from dubjob_operator.planning.stage_states import current
from dubjob_operator.planning.times import timestamp
from dubjob_operator.planning.verbs import handled_approval
from dubstage.contract import Stage

MESSAGE_LENGTH = 2000


def status(
    dubjob: DubJob,
    states: Sequence[StageStatus],
    observed: Observed,
    now: datetime,
    progress: Mapping[str, int] | None = None,
    pace: Pace | None = None,
) -> DubJobStatus:
    """The DubJob's status, of its stages' `states`. `progress`: per cent by pod name, as
    read from logs, None when it was not time to read them. `pace`: what earlier runs
    took."""
    entries = [_with_progress(entry, progress or {}) for entry in states]
    entry = current(entries)
    finished = entry is None or entry.state is StageState.FAILED
    recorded = dubjob.status
    retry = dubjob.metadata.annotations.get(names.RETRY_ANNOTATION)
    left = None if finished else remaining_seconds(entries, pace or {}, now)
    if progress is None and recorded.stages == entries:
        # An estimate alone is not worth a write.
        left = recorded.estimated_remaining_seconds
    return DubJobStatus(
        observed_generation=dubjob.metadata.generation,
        conditions=_conditions(dubjob, entry, now),
        stage=entry.name if entry else None,
        progress=_overall(entries),
        estimated_remaining_seconds=left,
        last_handled_retry=retry or recorded.last_handled_retry,
        last_handled_approval=handled_approval(dubjob, entries),
        languages=_languages(dubjob, entries),
        start_time=recorded.start_time or timestamp(now),
        completion_time=(recorded.completion_time or timestamp(now)) if finished else None,
        stages=list(entries),
        summary=outcome.summary(entries),
        outputs=outcome.outputs(dubjob, entries, observed),
    )


def invalid(dubjob: DubJob, message: str, now: datetime) -> DubJobStatus:
    """The status of a DubJob whose spec no model takes."""
    entry = StageStatus(
        name=str(Stage.INGEST),
        state=StageState.FAILED,
        reason=reasons.SPEC_INVALID,
        message=messages.sentence(message),
    )
    return dubjob.status.model_copy(
        update={
            "observed_generation": dubjob.metadata.generation,
            "conditions": _conditions(dubjob, entry, now),
        }
    )


def _conditions(dubjob: DubJob, entry: StageStatus | None, now: datetime) -> list[Condition]:
    """All conditions. `entry`: the current stage, None when all have succeeded."""
    complete = entry is None
    failed = entry is not None and entry.state is StageState.FAILED
    reason, message = _words(entry)
    failed_reason = reason if failed else reasons.NOT_FAILED
    suspended = bool(dubjob.spec.suspend) and not (complete or failed)
    paused = reasons.SUSPENDED if suspended else reasons.NOT_SUSPENDED
    truths = {
        names.COMPLETE: (complete, reason, message),
        names.FAILED: (failed, failed_reason, message if failed else "No stage has failed."),
        names.FINISHED: (complete or failed, reason, message),
        names.SUSPENDED: (suspended, paused, message if suspended else "It may run."),
        names.RECONCILING: (not (complete or failed or suspended), reason, message),
        names.STALLED: (failed, failed_reason, message if failed else "Nothing is in the way."),
    }
    found = []
    for kind, (holds, word, text) in truths.items():
        value = "True" if holds else "False"
        before = dubjob.status.condition(kind)
        same = before is not None and before.status == value
        found.append(
            Condition(
                type=kind,
                status=value,
                reason=word,
                message=text[:MESSAGE_LENGTH],
                last_transition_time=before.last_transition_time
                if before and same
                else timestamp(now),
                observed_generation=dubjob.metadata.generation,
            )
        )
    return found


def _words(entry: StageStatus | None) -> tuple[str, str]:
    """Reason and message of the current stage, None when all have succeeded."""
    if entry is None:
        return reasons.COMPLETED, messages.COMPLETED
    if entry.state is StageState.FAILED:
        message = entry.message or messages.in_state(entry.name, entry.state)
        return entry.reason or reasons.STAGE_FAILED, message
    if entry.state is StageState.PENDING and entry.reason:
        return entry.reason, entry.message or ""
    return str(entry.state), messages.in_state(entry.name, entry.state, entry.message)


def _with_progress(entry: StageStatus, progress: Mapping[str, int]) -> StageStatus:
    known = progress.get(entry.pod_name or "")
    if known is None or entry.state is not StageState.RUNNING:
        return entry
    return entry.model_copy(update={"progress": max(known, entry.progress or 0)})


def _overall(entries: list[StageStatus]) -> int:
    done = sum(
        WEIGHTS[Stage(entry.name)] * (100 if entry.state is StageState.SUCCEEDED else share)
        for entry in entries
        for share in [(entry.progress or 0) if entry.state is StageState.RUNNING else 0]
    )
    return int(done // sum(WEIGHTS.values()))


def _languages(dubjob: DubJob, entries: list[StageStatus]) -> str:
    source = dubjob.spec.source_language
    for entry in entries:
        if source is None and entry.state is StageState.SUCCEEDED:
            source = entry.source_language
    return f"{source or '?'}→{dubjob.spec.target_language}"
