"""Which run of each stage is the current one if the status was lost: somebody has cleared it, or a
backup without it was restored."""

from __future__ import annotations

from collections.abc import Mapping

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import StageStatus
from dubjob_operator.planning.manifests import job_name
from dubjob_operator.planning.observation import Observed, ObservedJob
from dubjob_operator.planning.pipeline import ORDER
from dubstage.contract import Stage

MOST_RUNS = 50
"""Number of runs whose Jobs are recognized by their names."""


def runs_of_jobs(
    dubjob: DubJob, hashes: Mapping[Stage, str], observed: Observed
) -> dict[Stage, int]:
    """The run of each stage according to the Jobs that exist, empty if there is a status. A stage
    whose Job is older than one of an earlier stage starts another run: what it has read may have
    been replaced."""
    if dubjob.status.stages or not observed.jobs:
        return {}
    runs, newest = {}, ""
    for stage in ORDER:
        run, job = _latest(dubjob, stage, hashes[stage], observed)
        runs[stage] = run + 1 if job and job.created < newest else run
        newest = max(newest, job.created if job else "")
    return runs


def _latest(
    dubjob: DubJob, stage: Stage, input_hash: str, observed: Observed
) -> tuple[int, ObservedJob | None]:
    """The last run of the stage that has a Job, and its Job; 1 and None if there is none."""
    jobs = {job.name: job for job in observed.jobs if job.stage == stage}
    latest: tuple[int, ObservedJob | None] = (1, None)
    for run in range(1, MOST_RUNS + 1):
        if not jobs:
            break
        entry = StageStatus(name=stage, state="", input_hash=input_hash, run=run)
        job = jobs.pop(job_name(dubjob, entry), None)
        latest = (run, job) if job else latest
    return latest
