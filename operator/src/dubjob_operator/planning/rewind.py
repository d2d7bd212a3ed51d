"""Which stage runs again because one of its outputs is missing."""

from __future__ import annotations

from datetime import datetime

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning.observation import Observed, ObservedJob
from dubjob_operator.planning.stage_entry import fresh
from dubstage.contract import ExitCode, StageResult

MOST_REWINDS = 3
"""Limit for a stage whose input disappears again and again."""


def rewound(
    dubjob: DubJob, entries: list[StageStatus], observed: Observed, now: datetime
) -> list[StageStatus]:
    """The entries after a stage has failed because an output of an earlier one is missing: that
    one runs again, and then the failed one."""
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
