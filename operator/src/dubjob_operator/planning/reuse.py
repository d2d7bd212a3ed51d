"""Stages that need not run, because their outputs exist already."""

from __future__ import annotations

from datetime import datetime

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning.observation import Observed
from dubjob_operator.planning.stage_entry import ended, moved_to
from dubjob_operator.planning.stage_from_job import shown
from dubstage.contract import Stage


def reused(
    dubjob: DubJob,
    entries: list[StageStatus],
    observed: Observed,
    pipeline_hash: str,
    now: datetime,
) -> list[StageStatus]:
    """The entries after ingest has reported: stages whose outputs are complete have succeeded, and
    stages with a correction file will import it. The report counts only for the spec that ingest
    was started with."""
    ingest, *later = entries
    recorded = dubjob.status.of(ingest.name)
    just_now = ingest.state is StageState.SUCCEEDED and (
        recorded is None or recorded.state is not StageState.SUCCEEDED or recorded.run != ingest.run
    )
    job = observed.job(ingest.job_name or "")
    if not just_now or job is None or job.pipeline_hash != pipeline_hash:
        return entries
    result = job.succeeded.result if job.succeeded else None
    if result is None:
        return entries
    reusable = {str(stage) for stage in result.reusable}
    corrected = {str(stage) for stage in result.corrected}
    found = [ingest]
    for entry in later:
        changed = entry
        if entry.state is StageState.PENDING and not entry.forced and entry.name in reusable:
            done = ended(moved_to(entry, StageState.SUCCEEDED, now), now)
            summary = result.reusable_summaries.get(Stage(entry.name))
            changed = done.model_copy(update={"reused": True, "summary": shown(summary)})
        elif entry.state is StageState.PENDING and entry.name in corrected:
            changed = entry.model_copy(update={"imports": True})
        found.append(changed)
    return found
