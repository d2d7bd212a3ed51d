"""Changes of a DubJob that would have no effect: they are refused, with its state."""

from __future__ import annotations

from dubjob.dub import Dub
from dubjob.errors import DubError, UsageError
from dubjob_operator.api.status import StageState
from dubjob_operator.planning.verbs import FAILED_STAGE, STAGES


def refuse_suspension(dub: Dub, suspended: bool) -> None:
    """Raise :class:`DubError` if there is nothing to suspend, or nothing to resume."""
    if suspended and dub.is_finished:
        raise DubError(f"DubJob {dub.name} {_end(dub)}: there is nothing to suspend.")
    if not suspended and not dub.dubjob.spec.suspend:
        raise DubError(f"DubJob {dub.name} is not suspended: its state is {dub.state}.")


def refuse_retry(dub: Dub, stage: str) -> None:
    """Raise :class:`UsageError` for a stage that does not exist, and :class:`DubError` if nothing
    would run after a retry from `stage`."""
    if stage not in (FAILED_STAGE, *STAGES):
        raise UsageError(f"{stage!r} is no stage: use {FAILED_STAGE}, {', '.join(STAGES)}.")
    if not dub.stages:
        raise DubError(f"DubJob {dub.name} has no stage to run again: {dub.message}")
    if not dub.is_finished:
        return
    retry = f"dub -n {dub.namespace} retry {dub.name}"
    left = [each.name for each in dub.stages if each.state is not StageState.SUCCEEDED]
    if stage == FAILED_STAGE and not left:
        raise DubError(
            f"DubJob {dub.name} {_end(dub)}: no stage has failed. To run a stage and all later "
            f"ones again, name it, for example `{retry} --stage {STAGES[-1]}`."
        )
    if stage != FAILED_STAGE and left and STAGES.index(left[0]) < STAGES.index(stage):
        raise DubError(
            f"DubJob {dub.name} {_end(dub)}: {left[0]}, which runs before {stage}, has not "
            f"succeeded. To run {left[0]} and all later stages again, run `{retry}`."
        )


def _end(dub: Dub) -> str:
    """How the DubJob ended."""
    return "is complete" if dub.is_complete else f"has failed ({dub.state})"
