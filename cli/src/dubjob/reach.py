"""Which languages a profile can dub: the rules of ingest, before anything is uploaded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from dubjob.errors import UsageError
from dubjob.volume import Volume
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.planning.manifests import stage_request
from dubjob_operator.planning.stage_entry import first
from dubstage.contract import CORRECTION_SUFFIXES, CORRECTIONS, Stage
from dubstage.errors import BadInput
from dubstage.text import language_check

CHECKED = (Stage.TRANSCRIBE, Stage.TRANSLATE, Stage.SYNTHESIZE)


def refuse_languages(
    dubjobs: Iterable[Mapping[str, Any]], profile: DubProfile, volume: Volume | None = None
) -> None:
    """Raise :class:`UsageError` for languages that the engines of the profile do not have.

    Files of the user may replace the results of :data:`CORRECTIONS`. Without a `volume` to look for
    them, only what no such file can mend is refused.
    """
    for body in dubjobs:
        dubjob = DubJob.model_validate(body)
        if problem_of(dubjob, profile) is None:
            continue
        replaced = list(CORRECTIONS) if volume is None else _corrected(dubjob, volume)
        problem = problem_of(dubjob, profile, replaced)
        if problem:
            raise UsageError(problem)


def problem_of(dubjob: DubJob, profile: DubProfile, replaced: Collection[Stage] = ()) -> str | None:
    """Why the languages of the DubJob cannot be dubbed with the profile; None if they can, or if
    the profile does not say its engines. The results of the `replaced` stages exist already."""
    request = stage_request(dubjob, profile, first(Stage.INGEST, "", datetime.now(timezone.utc)))
    if not request.engines.keys() >= set(CHECKED):
        return None
    try:
        language_check.check(request, replaced)
    except BadInput as refusal:
        return str(refusal)
    return None


def _corrected(dubjob: DubJob, volume: Volume) -> list[Stage]:
    """The stages whose result a file in the folder of the DubJob's inputs replaces."""
    return [
        stage
        for stage, stem in CORRECTIONS.items()
        if any(
            volume.size(f"inputs/{dubjob.job_id}/{stem}{suffix}") is not None
            for suffix in CORRECTION_SUFFIXES
        )
    ]
