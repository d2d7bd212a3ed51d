"""Requests by annotation: a retry and an approval, each carried out once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning import messages
from dubjob_operator.planning.pipeline import ORDER
from dubjob_operator.planning.stage_entry import fresh

FAILED_STAGE = "failed"
"""In a retry: the first stage that has not succeeded."""
UID_TOKEN_LENGTH = 6
"""Characters of the UID that an approval repeats."""
STAGES = tuple(str(stage) for stage in ORDER)


def pending_retry(dubjob: DubJob) -> str | None:
    """The retry that is requested and not handled yet."""
    if dubjob.is_new:
        # It was stored with the DubJob, in a backup or in Git, and was meant for an earlier one.
        return None
    value = dubjob.metadata.annotations.get(names.RETRY_ANNOTATION)
    return value if value and value != dubjob.status.last_handled_retry else None


def retry_problem(value: str) -> str | None:
    """What is wrong with the `value` of a retry annotation, None if it is valid."""
    if value.partition("@")[0] in (*STAGES, FAILED_STAGE):
        return None
    stages = ", ".join((FAILED_STAGE, *STAGES))
    return messages.retry_refused(names.RETRY_ANNOTATION, value, stages)


def retried(dubjob: DubJob, entries: list[StageStatus], now: datetime) -> list[StageStatus]:
    """The entries with a new run of the stage to retry and of all later ones, which reuse
    nothing."""
    value = pending_retry(dubjob)
    if value is None or retry_problem(value):
        return entries
    stage = value.partition("@")[0]
    if stage == FAILED_STAGE:
        unfinished = [each.name for each in entries if each.state is not StageState.SUCCEEDED]
        stage = unfinished[0] if unfinished else ""
    first = STAGES.index(stage) if stage else len(entries)
    return [
        *entries[:first],
        *(
            fresh(entry, now, forced=True, reviewed=None, shortens=None)
            for entry in entries[first:]
        ),
    ]


def approval_token(dubjob: DubJob, stage: str, run: int) -> str:
    """The value of the annotation that approves one run of one stage of this DubJob. It does not
    approve a later DubJob of the same name, which has another UID."""
    return f"{stage}.{run}.{dubjob.metadata.uid[:UID_TOKEN_LENGTH]}"


def approval(dubjob: DubJob) -> str | None:
    """The approval that is given and not handled yet."""
    given = dubjob.metadata.annotations.get(names.APPROVE_ANNOTATION)
    return given if given and given != dubjob.status.last_handled_approval else None


def handled_approval(dubjob: DubJob, entries: Sequence[StageStatus]) -> str | None:
    """The last approval that opened a gate: `entries` are the states after it."""
    given = approval(dubjob)
    opened = {
        approval_token(dubjob, entry.name, entry.run - 1) for entry in entries if entry.reviewed
    }
    return given if given in opened else dubjob.status.last_handled_approval
