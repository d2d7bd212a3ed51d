"""What a person asks for by an annotation: not state, but something to do once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJob, StageState, StageStatus
from dubjob_operator.planning import messages
from dubjob_operator.planning.pipeline import ORDER
from dubjob_operator.planning.stage_entry import fresh

FAILED_STAGE = "failed"
"""In a retry: the stage that failed, else the one that is at work."""
UID_TOKEN_LENGTH = 6
"""Characters of the UID that an approval repeats."""
STAGES = tuple(str(stage) for stage in ORDER)


def pending_retry(dubjob: DubJob) -> str | None:
    """The retry that is requested and not handled yet."""
    if dubjob.is_new:
        # Stored with the DubJob, by a backup or in Git: it was meant for an earlier one.
        return None
    asked = dubjob.metadata.annotations.get(names.RETRY_ANNOTATION)
    return asked if asked and asked != dubjob.status.last_handled_retry else None


def retry_problem(dubjob: DubJob) -> str | None:
    """What is wrong with the retry that is asked for."""
    asked = pending_retry(dubjob)
    if asked is None or asked.partition("@")[0] in (*STAGES, FAILED_STAGE):
        return None
    stages = ", ".join((FAILED_STAGE, *STAGES))
    return messages.retry_refused(names.RETRY_ANNOTATION, asked, stages)


def retried(dubjob: DubJob, entries: list[StageStatus], now: datetime) -> list[StageStatus]:
    """The entries with the stage that is to be retried, and all after it, at a fresh
    start at which nothing is reused."""
    asked = pending_retry(dubjob)
    if asked is None or retry_problem(dubjob):
        return entries
    stage = asked.partition("@")[0]
    if stage == FAILED_STAGE:
        unfinished = (each for each in entries if each.state is not StageState.SUCCEEDED)
        stage = next((each.name for each in unfinished), "")
    first = STAGES.index(stage) if stage else len(entries)
    return [
        *entries[:first],
        *(fresh(entry, now, forced=True, reviewed=None) for entry in entries[first:]),
    ]


def approval_token(dubjob: DubJob, stage: str, run: int) -> str:
    """The value of the annotation that approves one run of one stage of this DubJob, and of
    no other one that has its name later."""
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
