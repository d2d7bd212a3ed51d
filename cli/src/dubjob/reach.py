"""Which languages a profile can dub: the rules of ingest, before anything is uploaded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from dubjob.cluster import Cluster
from dubjob.errors import ForbiddenError, UsageError
from dubjob.versions import VERSION_LABEL, operator_version, own_version
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
    dubjobs: Iterable[Mapping[str, Any]],
    profile: DubProfile,
    cluster: Cluster,
    volume: Volume | None = None,
) -> None:
    """Raise :class:`UsageError` for languages that the engines of the profile do not have.

    The images of another version than this command's may have other languages: their ingest
    decides.

    Files of the user may replace the results of :data:`CORRECTIONS`. Without a `volume` to look for
    them, only what no such file can mend is refused. The message is about the engines, because few
    users have such files.
    """
    for body in dubjobs:
        dubjob = DubJob.model_validate(body)
        problem = problem_of(dubjob, profile)
        if problem is None:
            continue
        replaced = list(CORRECTIONS) if volume is None else _corrected(dubjob, volume)
        remaining = problem_of(dubjob, profile, replaced)
        if remaining and _has_own_version(profile, cluster):
            raise UsageError(problem if volume is None else remaining)


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


def _has_own_version(profile: DubProfile, cluster: Cluster) -> bool:
    """Whether the profile and every operator have the version of this command, as far as they say
    it and this account can list Deployments. False if none of them does."""
    versions = {profile.metadata.labels.get(VERSION_LABEL)}
    with suppress(ForbiddenError):
        versions |= {operator_version(each) for each in cluster.operators()}
    return versions - {None} == {own_version()}


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
