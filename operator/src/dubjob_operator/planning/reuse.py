"""Stages that need not run, and stages that must run again."""

from __future__ import annotations

from datetime import datetime

from dubjob_operator.api.dubjob import DubJob, StageState, StageStatus
from dubjob_operator.planning.observation import Observed, ObservedJob
from dubjob_operator.planning.stage_from_job import ended, fresh, moved_to, shown
from dubstage.contract import ExitCode, Stage, StageResult

MOST_REWINDS = 3
"""A stage whose input keeps vanishing is not started for ever."""


def reused(
    dubjob: DubJob,
    entries: list[StageStatus],
    observed: Observed,
    pipeline_hash: str,
    now: datetime,
) -> list[StageStatus]:
    """What ingest has just found: stages whose work is done count as succeeded, those
    for which a person's file is there will be light. Its word holds for the spec that
    it was started with, and for no other."""
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
            changed = done.model_copy(
                update={"reused": True, "progress": 100, "summary": shown(summary)}
            )
        elif entry.state is StageState.PENDING and entry.name in corrected:
            changed = entry.model_copy(update={"imports": True})
        found.append(changed)
    return found


def heard_anew(dubjob: DubJob, entries: list[StageStatus], now: datetime) -> list[StageStatus]:
    """Of several audio tracks the source language decides which is dubbed: where what
    transcribe reads has changed, ingest looks again, and says what is still right."""
    ingest, recorded = dubjob.status.of(Stage.INGEST), dubjob.status.of(Stage.TRANSCRIBE)
    now_wanted = {entry.name: entry.input_hash for entry in entries}
    if recorded is None or recorded.input_hash == now_wanted[recorded.name]:
        return entries
    tracks = ingest.summary.audio_tracks if ingest and ingest.summary else None
    if tracks is None or tracks == 1:
        return entries
    before = (Stage.INGEST, Stage.SEPARATE)
    done = StageState.SUCCEEDED
    return [
        fresh(entry, now) if entry.name in before and entry.state is done else entry
        for entry in entries
    ]


def rewound(
    dubjob: DubJob, entries: list[StageStatus], observed: Observed, now: datetime
) -> list[StageStatus]:
    """Where a stage found an earlier stage's file gone: that stage runs again, and
    then this one."""
    failed = next((entry for entry in entries if entry.state is not StageState.SUCCEEDED), None)
    recorded = dubjob.status.of(failed.name) if failed else None
    if failed is None or failed.state is not StageState.FAILED:
        return entries
    if recorded and recorded.state is StageState.FAILED and recorded.run == failed.run:
        return entries
    result = _missing_input(observed.job(failed.job_name or ""))
    rewinds = (failed.rewinds or 0) + 1
    if result is None or rewinds > MOST_REWINDS:
        return entries
    again = {str(result.missing_from), failed.name}
    found = [fresh(entry, now, imports=None) if entry.name in again else entry for entry in entries]
    update = {"rewinds": rewinds}
    return [
        entry.model_copy(update=update) if entry.name == failed.name else entry for entry in found
    ]


def _missing_input(job: ObservedJob | None) -> StageResult | None:
    for pod in reversed(job.pods if job else ()):
        if pod.exit_code == ExitCode.NOINPUT and pod.result and pod.result.missing_from:
            return pod.result
    return None
