"""Translations that are shortened once more, after their clips have shown to be too long."""

from __future__ import annotations

from datetime import datetime

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning.manifests import job_name
from dubjob_operator.planning.observation import Observed
from dubjob_operator.planning.pipeline import ORDER
from dubjob_operator.planning.profile_use import ProfileProblem
from dubjob_operator.planning.stage_entry import fresh
from dubstage.contract import Stage

PARAMETER = "fit_after_synthesis"
"""Parameter of the translate stage that requests it."""


def shortened(
    dubjob: DubJob,
    entries: list[StageStatus],
    profile: DubProfile | ProfileProblem | None,
    observed: Observed,
    now: datetime,
) -> list[StageStatus]:
    """The entries with one more run of translate, which only shortens, and of synthesize, if the
    profile requests that and clips are too long. What a user has written or approved stays."""
    by_stage = dict(zip(ORDER, entries, strict=True))
    translate, synthesize = by_stage[Stage.TRANSLATE], by_stage[Stage.SYNTHESIZE]
    if not _is_requested(profile) or translate.shortens or translate.reviewed or translate.imports:
        return entries
    mux = by_stage[Stage.MUX]
    states = [translate.state, synthesize.state, mux.state]
    if states != [StageState.SUCCEEDED, StageState.SUCCEEDED, StageState.PENDING]:
        return entries
    if observed.job(job_name(dubjob, mux)) is not None:
        return entries
    summary = synthesize.summary
    if synthesize.reused or summary is None or not summary.oversize_segments:
        return entries
    again = {
        translate.name: fresh(translate, now, forced=None, shortens=True),
        synthesize.name: fresh(synthesize, now, forced=None),
    }
    return [again.get(entry.name, entry) for entry in entries]


def _is_requested(profile: DubProfile | ProfileProblem | None) -> bool:
    if not isinstance(profile, DubProfile):
        return False
    parameters = profile.spec.stage(Stage.TRANSLATE).parameters or {}
    return str(parameters.get(PARAMETER)).lower() == "true"
