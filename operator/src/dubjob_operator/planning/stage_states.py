"""The state of every stage, from the recorded status and what the cluster shows now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from dubjob_operator import reasons
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning import messages
from dubjob_operator.planning.audio_track import audio_track_chosen_again
from dubjob_operator.planning.deadlines import nearest_limit, patience_left
from dubjob_operator.planning.failure_policy import disruptions
from dubjob_operator.planning.manifests import job_name
from dubjob_operator.planning.observation import Observed
from dubjob_operator.planning.pipeline import ORDER, input_hashes
from dubjob_operator.planning.profile_use import ProfileProblem, usable_profile
from dubjob_operator.planning.reuse import reused
from dubjob_operator.planning.review import gated
from dubjob_operator.planning.rewind import rewound
from dubjob_operator.planning.stage_entry import ended, first, fresh, moved_to
from dubjob_operator.planning.stage_from_job import from_job
from dubjob_operator.planning.verbs import retried
from dubstage.contract import Stage


@dataclass(frozen=True)
class Situation:
    """What the passes read, besides the entries."""

    dubjob: DubJob
    profile: DubProfile | ProfileProblem | None
    observed: Observed
    pipeline_hash: str
    now: datetime


@dataclass(frozen=True)
class Pass:
    """One change to the entries of all stages."""

    name: str
    why_here: str
    """Why it comes after the previous pass."""
    apply: Callable[[Situation, list[StageStatus]], list[StageStatus]]


PASSES = (
    Pass(
        "audio track",
        "First: it may send ingest back, and then what ingest found does not count.",
        lambda s, entries: audio_track_chosen_again(s.dubjob, entries, s.now),
    ),
    Pass(
        "reuse",
        "It marks stages as succeeded, so that the next pass finds the first that has not.",
        lambda s, entries: reused(s.dubjob, entries, s.observed, s.pipeline_hash, s.now),
    ),
    Pass(
        "rewind",
        "It acts on a stage that has just failed; a retry makes that stage pending.",
        lambda s, entries: rewound(s.dubjob, entries, s.observed, s.now),
    ),
    Pass(
        "retry",
        "A stage that runs again has nothing to review, so it comes before the gates.",
        lambda s, entries: retried(s.dubjob, entries, s.now),
    ),
    Pass(
        "review",
        "A gate closes only if the next stage is pending, and suspension changes that stage.",
        lambda s, entries: gated(s.dubjob, entries, s.observed, s.now),
    ),
    Pass(
        "suspend",
        "A suspended stage reaches no limit.",
        lambda s, entries: _suspended(s.dubjob, entries, s.observed, s.now),
    ),
    Pass(
        "limits",
        "Last: it fails whichever stage is then the current one.",
        lambda s, entries: _limited(s.dubjob, entries, s.profile, s.observed, s.now),
    ),
)
"""In the order in which they are applied. A pass sees what the previous ones changed."""


def stage_states(
    dubjob: DubJob,
    profile: DubProfile | ProfileProblem | None,
    observed: Observed,
    now: datetime,
) -> tuple[StageStatus, ...]:
    """The states of the stages, in order."""
    hashes = input_hashes(dubjob)
    entries = [_entry(dubjob, stage, hashes[stage], observed, now) for stage in ORDER]
    situation = Situation(dubjob, profile, observed, hashes[ORDER[-1]], now)
    return tuple(apply_passes(situation, entries))


def apply_passes(
    situation: Situation, entries: list[StageStatus], passes: Sequence[Pass] | None = None
) -> list[StageStatus]:
    """The entries after all `passes`, :data:`PASSES` if omitted."""
    for each in PASSES if passes is None else passes:
        entries = each.apply(situation, entries)
    return entries


def current(entries: Sequence[StageStatus]) -> StageStatus | None:
    """The first stage that has not succeeded; None when all have."""
    return next((entry for entry in entries if entry.state is not StageState.SUCCEEDED), None)


def _entry(
    dubjob: DubJob, stage: Stage, input_hash: str, observed: Observed, now: datetime
) -> StageStatus:
    entry = _begin(dubjob, stage, input_hash, now)
    if entry.state in (StageState.SUCCEEDED, StageState.FAILED, StageState.AWAITING_REVIEW):
        return entry
    if not isinstance(entry.state, StageState):
        # A newer operator wrote this state. Its meaning is unknown, so nothing is done.
        return entry
    job = observed.job(job_name(dubjob, entry))
    if job is None:
        # Not created yet, or deleted by a user: it is created (again).
        return moved_to(entry, StageState.PENDING, now) if entry.job_name else entry
    return from_job(dubjob, entry, job, now)


def _begin(dubjob: DubJob, stage: Stage, input_hash: str, now: datetime) -> StageStatus:
    """The recorded entry, or a new run if the input of the stage has changed. A failed stage runs
    again after any change of the spec."""
    recorded = dubjob.status.of(str(stage))
    if recorded is None:
        return first(stage, input_hash, now)
    if recorded.input_hash != input_hash:
        new_run = fresh(recorded, now, forced=None, imports=None, reviewed=None)
        return new_run.model_copy(update={"input_hash": input_hash})
    changed = dubjob.metadata.generation != dubjob.status.observed_generation
    if changed and recorded.state is StageState.FAILED and not dubjob.spec.suspend:
        return fresh(recorded, now)
    return recorded


def _suspended(
    dubjob: DubJob, entries: list[StageStatus], observed: Observed, now: datetime
) -> list[StageStatus]:
    """The entries with the current stage suspended. Its Job is deleted; it will run again."""
    stopped = current(entries)
    if not dubjob.spec.suspend or stopped is None:
        return entries
    if stopped.state in (StageState.FAILED, StageState.AWAITING_REVIEW):
        return entries
    if not isinstance(stopped.state, StageState):
        return entries
    if stopped.job_name or observed.job(job_name(dubjob, stopped)):
        stopped = fresh(stopped, now)
    reason, message = reasons.SUSPENDED, messages.SUSPENDED
    stopped = moved_to(stopped, StageState.PENDING, now, reason, message)
    return _with(entries, stopped)


def _limited(
    dubjob: DubJob,
    entries: list[StageStatus],
    profile: DubProfile | ProfileProblem | None,
    observed: Observed,
    now: datetime,
) -> list[StageStatus]:
    """The entries with the current stage saying why it cannot start, and failed at its limits."""
    entry = current(entries)
    if entry is None or (dubjob.spec.suspend and entry.reason == reasons.SUSPENDED):
        return entries
    job = observed.job(entry.job_name or "")
    if job is None and entry.state in (StageState.PENDING, StageState.QUEUED):
        entry = _not_created(dubjob, entry, profile, observed, now)
    limit = nearest_limit(dubjob, profile, entries, entry, job, now)
    if limit and limit.left <= 0:
        entry = _failed(entry, limit.reason, limit.message, now)
    allowed = profile.spec.max_disruptions if isinstance(profile, DubProfile) else None
    if entry.state is StageState.RETRYING and job and allowed is not None:
        count = disruptions(entry.attempts, job)
        if count > allowed:
            message = messages.too_many_disruptions(entry.name, count, str(dubjob.profile), allowed)
            entry = _failed(entry, reasons.TOO_MANY_DISRUPTIONS, message, now)
    return _with(entries, entry)


def _not_created(
    dubjob: DubJob,
    entry: StageStatus,
    profile: DubProfile | ProfileProblem | None,
    observed: Observed,
    now: datetime,
) -> StageStatus:
    """The entry of a stage without a Job: why none can be created, or pending."""
    usable = usable_profile(dubjob, profile)
    if not isinstance(usable, ProfileProblem):
        return _behind_old_pod(dubjob, entry, observed, now)
    waits = usable.reason == reasons.QUOTA_EXCEEDED
    state = StageState.QUEUED if waits else StageState.PENDING
    return moved_to(entry, state, now, usable.reason, usable.message)


def _behind_old_pod(
    dubjob: DubJob, entry: StageStatus, observed: Observed, now: datetime
) -> StageStatus:
    """The entry of a stage that is about to start, or waits for the end of an old pod."""
    old = next((pod for pod in observed.pods if pod.is_live), None)
    known = entry.reason == reasons.OLD_POD
    if old is None or not (known or patience_left(entry, now) <= 0):
        return moved_to(entry, StageState.PENDING, now)
    message = messages.old_pod_left(dubjob.metadata.namespace, old.name, old.node)
    return moved_to(entry, StageState.PENDING, now, reasons.OLD_POD, message)


def _failed(entry: StageStatus, reason: str, message: str, now: datetime) -> StageStatus:
    return ended(moved_to(entry, StageState.FAILED, now, reason, message), now)


def _with(entries: list[StageStatus], changed: StageStatus) -> list[StageStatus]:
    return [changed if entry.name == changed.name else entry for entry in entries]
