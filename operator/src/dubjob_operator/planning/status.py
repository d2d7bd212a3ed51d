"""The status of a DubJob, from the states of its stages."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import Condition, DubJobStatus, StageState, StageStatus
from dubjob_operator.planning import outcome
from dubjob_operator.planning.conditions import (
    conditions,
    invalid_spec,
    state_of,
    unreadable_status,
)
from dubjob_operator.planning.current_stage import current
from dubjob_operator.planning.display import display
from dubjob_operator.planning.estimate import SecondsPerSecond, remaining_seconds
from dubjob_operator.planning.observation import Observed
from dubjob_operator.planning.pipeline import ORDER, WEIGHTS
from dubjob_operator.planning.times import timestamp
from dubjob_operator.planning.verbs import handled_approval
from dubstage.contract import Stage

STAGE_NAMES = frozenset(str(stage) for stage in ORDER)


def status(
    dubjob: DubJob,
    states: Sequence[StageStatus],
    observed: Observed,
    now: datetime,
    progress: Mapping[str, int] | None = None,
    throughput: SecondsPerSecond | None = None,
) -> DubJobStatus:
    """The DubJob's status, from the states of its stages. `progress`: percent by pod name,
    as read from logs, None if it was not time to read them. `throughput`: of earlier
    runs."""
    entries = [_with_progress(entry, progress or {}) for entry in states]
    entry = current(entries)
    finished = entry is None or entry.state is StageState.FAILED
    recorded, generation = dubjob.status, dubjob.metadata.generation
    state = state_of(entry, bool(dubjob.spec.suspend))
    left = None if finished else remaining_seconds(entries, throughput or {}, now)
    # Stages that only a newer operator knows are kept.
    stages = [*entries, *(each for each in recorded.stages if each.name not in STAGE_NAMES)]
    if progress is None and recorded.stages == stages:
        # An estimate alone is not worth a write.
        left = recorded.estimated_remaining_seconds
    begins_again = recorded.completion_time and not finished
    start_time = timestamp(now) if begins_again else recorded.start_time or timestamp(now)
    completion_time = (recorded.completion_time or timestamp(now)) if finished else None
    done = _overall(entries)
    # A copy of the recorded one: fields that only a newer operator knows are kept.
    return recorded.model_copy(
        update={
            "observed_generation": generation,
            "conditions": conditions(state, generation, recorded.conditions, now),
            "stage": entry.name if entry else None,
            "progress": done,
            "estimated_remaining_seconds": left,
            "display": display(done, left, start_time, completion_time),
            "last_handled_retry": dubjob.metadata.annotations.get(names.RETRY_ANNOTATION)
            or recorded.last_handled_retry,
            "last_handled_approval": handled_approval(dubjob, entries),
            "source_language": dubjob.spec.source_language or _detected_language(entries),
            "target_language": dubjob.spec.target_language,
            "start_time": start_time,
            "completion_time": completion_time,
            "stages": stages,
            "summary": outcome.summary(entries),
            "outputs": outcome.outputs(dubjob, entries, observed),
        }
    )


def invalid(recorded: DubJobStatus, generation: int, message: str, now: datetime) -> DubJobStatus:
    """The status of a DubJob whose spec cannot be read: `recorded`, with other conditions."""
    state = invalid_spec(message)
    return recorded.model_copy(
        update={
            "observed_generation": generation,
            "conditions": conditions(state, generation, recorded.conditions, now),
        }
    )


def unreadable(
    recorded: Mapping[str, Any], generation: int, message: str, now: datetime
) -> dict[str, Any]:
    """The raw status of a DubJob whose status cannot be read, as another version wrote it:
    `recorded`, with other conditions. It is not finished, so that it continues as soon as an
    operator can read it."""
    before = []
    for entry in recorded.get("conditions") or ():
        with contextlib.suppress(ValidationError):
            before.append(Condition.model_validate(entry))
    written = conditions(unreadable_status(message), generation, before, now)
    raw = [each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in written]
    return {**recorded, "observedGeneration": generation, "conditions": raw}


def only_recorded(found: DubJobStatus) -> tuple[Any, ...]:
    """What neither Jobs nor pods hold: the requests that the status answers (the spec, a retry and
    an approval), the profile, and what was decided about the runs of the stages."""
    return (
        found.observed_generation,
        found.last_handled_retry,
        found.last_handled_approval,
        found.profile_ref,
        *(
            (each.run, each.reused, each.imports, each.forced, each.reviewed, each.shortens)
            for each in found.stages
        ),
    )


def new_successes(before: DubJobStatus, after: DubJobStatus) -> bool:
    """Whether a stage has succeeded since `before`."""
    return bool(_succeeded(after) - _succeeded(before))


def _succeeded(status: DubJobStatus) -> set[str]:
    return {each.name for each in status.stages if each.state is StageState.SUCCEEDED}


def _with_progress(entry: StageStatus, progress: Mapping[str, int]) -> StageStatus:
    known = progress.get(entry.pod_name or "")
    if known is None or entry.state is not StageState.RUNNING:
        return entry
    return entry.model_copy(update={"progress": max(known, entry.progress or 0)})


def _overall(entries: list[StageStatus]) -> int:
    """Percent of the whole dub."""
    done = 0
    for entry in entries:
        weight = WEIGHTS[Stage(entry.name)]
        if entry.state is StageState.SUCCEEDED:
            done += weight * 100
        elif entry.state is StageState.RUNNING:
            done += weight * (entry.progress or 0)
    return done // sum(WEIGHTS.values())


def _detected_language(entries: list[StageStatus]) -> str | None:
    """The spoken language as the first stage that looked for it has found it."""
    detected = [
        entry.source_language
        for entry in entries
        if entry.source_language and entry.state is StageState.SUCCEEDED
    ]
    return detected[0] if detected else None
