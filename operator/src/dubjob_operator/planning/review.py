"""Review gates: a user reviews the result of a stage before the next one starts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dubjob_operator import names, reasons
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning import messages
from dubjob_operator.planning.manifests import job_name
from dubjob_operator.planning.observation import Observed
from dubjob_operator.planning.stage_entry import fresh, moved_to
from dubjob_operator.planning.verbs import approval, approval_token
from dubstage.contract import CORRECTIONS, REVIEWED, ExitCode, OnDoubt, Stage


def gated(
    dubjob: DubJob, entries: Sequence[StageStatus], observed: Observed, now: datetime
) -> list[StageStatus]:
    """The entries after gates have closed, and after an approval has opened one."""
    found = list(entries)
    for number, entry in enumerate(entries[:-1]):
        if any(earlier.state is not StageState.SUCCEEDED for earlier in found[:number]):
            break
        if _correction_was_invalid(entry, observed):
            found[number] = _awaiting(dubjob, entry, now, entry.message)
        elif entry.state is StageState.AWAITING_REVIEW and _is_opened(dubjob, entry):
            found[number] = fresh(entry, now, imports=True, reviewed=True, forced=None)
        elif _closes(dubjob, entry, entries[number + 1], observed):
            found[number] = _awaiting(dubjob, entry, now, _doubts(dubjob, entry))
    return found


def _closes(dubjob: DubJob, entry: StageStatus, following: StageStatus, observed: Observed) -> bool:
    """Whether the stage has just succeeded and is to be reviewed."""
    return (
        entry.state is StageState.SUCCEEDED
        and not entry.reviewed
        and (_is_requested(dubjob, entry) or _doubts(dubjob, entry) is not None)
        and following.state is StageState.PENDING
        and observed.job(job_name(dubjob, following)) is None
    )


def _is_requested(dubjob: DubJob, entry: StageStatus) -> bool:
    return entry.name in {str(stage) for stage in dubjob.spec.review_after or ()}


def _doubts(dubjob: DubJob, entry: StageStatus) -> str | None:
    """Why the transcript is reviewed although `reviewAfter` does not name the stage; None if it
    is not. An imported transcript has no doubts."""
    summary = entry.summary
    if dubjob.spec.on_doubt is not OnDoubt.REVIEW or summary is None:
        return None
    doubtful, left_out = summary.doubtful_segments or 0, summary.left_out_segments or 0
    return messages.doubts(doubtful, left_out) if doubtful or left_out else None


def _is_opened(dubjob: DubJob, entry: StageStatus) -> bool:
    in_doubt = dubjob.spec.on_doubt is OnDoubt.REVIEW and entry.name == Stage.TRANSCRIBE
    if not (in_doubt or _is_requested(dubjob, entry)):
        return True
    return approval(dubjob) == approval_token(dubjob, entry.name, entry.run)


def _correction_was_invalid(entry: StageStatus, observed: Observed) -> bool:
    """Whether the run after an approval found that the correction is invalid."""
    if entry.state is not StageState.FAILED or not entry.reviewed:
        return False
    job = observed.job(entry.job_name or "")
    return job is not None and any(pod.exit_code == ExitCode.DATAERR for pod in job.pods)


def _awaiting(
    dubjob: DubJob, entry: StageStatus, now: datetime, why: str | None = None
) -> StageStatus:
    """The entry of a stage that has finished and whose result waits for a review. `why`: the
    doubts, or why the correction is invalid."""
    stage = Stage(entry.name)
    file = REVIEWED[stage].format(job=dubjob.job_id)
    stem = f"inputs/{dubjob.job_id}/{CORRECTIONS[stage]}" if stage in CORRECTIONS else None
    token = approval_token(dubjob, entry.name, entry.run)
    command = (
        f"kubectl -n {dubjob.metadata.namespace} annotate dubjob {dubjob.metadata.name} "
        f"{names.APPROVE_ANNOTATION}={token} --overwrite"
    )
    message = messages.await_review(file, stem, command)
    if why:
        message = f"{messages.sentence(why)} {message}"
    waiting = moved_to(entry, StageState.AWAITING_REVIEW, now, reasons.AWAITING_REVIEW, message)
    return waiting.model_copy(update={"reviewed": None})
