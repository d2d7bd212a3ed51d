"""The state of every stage, from the recorded status and what the cluster shows now."""

from __future__ import annotations

from datetime import datetime

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning.lost_status import runs_of_jobs
from dubjob_operator.planning.manifests import job_name
from dubjob_operator.planning.observation import Observed
from dubjob_operator.planning.passes import Situation, apply_passes
from dubjob_operator.planning.pipeline import ORDER, input_hashes
from dubjob_operator.planning.profile_use import ProfileProblem
from dubjob_operator.planning.restart import without_job
from dubjob_operator.planning.stage_entry import first, fresh
from dubjob_operator.planning.stage_from_job import from_job
from dubstage.contract import Stage


def stage_states(
    dubjob: DubJob,
    profile: DubProfile | ProfileProblem | None,
    observed: Observed,
    now: datetime,
    refused: ProfileProblem | None = None,
) -> tuple[StageStatus, ...]:
    """The states of the stages, in order. `refused`: why the Job of the current stage could not be
    created, if that was tried."""
    hashes = input_hashes(dubjob)
    runs = runs_of_jobs(dubjob, hashes, observed)
    begun = [_begin(dubjob, stage, hashes[stage], runs.get(stage, 1), now) for stage in ORDER]
    entries = [_entry(dubjob, entry, observed, now) for entry in begun]
    situation = Situation(dubjob, profile, observed, hashes[ORDER[-1]], now, refused)
    return tuple(apply_passes(situation, entries))


def _entry(dubjob: DubJob, entry: StageStatus, observed: Observed, now: datetime) -> StageStatus:
    """The entry of the stage as its Job shows it. `entry` is the recorded one, or a new run."""
    if entry.state in (StageState.SUCCEEDED, StageState.FAILED, StageState.AWAITING_REVIEW):
        return entry
    if not isinstance(entry.state, StageState):
        # A newer operator wrote this state. Its meaning is unknown, so nothing is done.
        return entry
    job = observed.job(job_name(dubjob, entry))
    if job is None:
        # Not created yet, or deleted by a user: it is created (again).
        return without_job(entry, now)
    return from_job(dubjob, entry, job, now)


def _begin(
    dubjob: DubJob, stage: Stage, input_hash: str, first_run: int, now: datetime
) -> StageStatus:
    """The recorded entry, or a new run if the input of the stage has changed: `first_run` if
    nothing is recorded. A failed stage runs again after any change of the spec."""
    recorded = dubjob.status.of(str(stage))
    if recorded is None:
        return first(stage, input_hash, now, first_run)
    if recorded.input_hash != input_hash:
        new_run = fresh(recorded, now, forced=None, imports=None, reviewed=None, shortens=None)
        return new_run.model_copy(update={"input_hash": input_hash, "active_seconds": None})
    changed = dubjob.metadata.generation != dubjob.status.observed_generation
    if changed and recorded.state is StageState.FAILED and not dubjob.spec.suspend:
        return fresh(recorded, now)
    return recorded
