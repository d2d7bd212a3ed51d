"""Whether ingest and separate run again because the source language may select another audio
track."""

from __future__ import annotations

from datetime import datetime

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning.manifests import job_name
from dubjob_operator.planning.observation import Observed, ObservedJob
from dubjob_operator.planning.stage_entry import fresh
from dubstage.contract import Stage


def audio_track_chosen_again(
    dubjob: DubJob,
    entries: list[StageStatus],
    observed: Observed,
    pipeline_hash: str,
    now: datetime,
) -> list[StageStatus]:
    """The entries after a change of what transcribe reads. If the source has several audio tracks,
    its language decides which one is dubbed, so ingest runs again and reports what can be
    reused, and whatever separate has done or is doing may be about another track."""
    ingest, separate, *later = entries
    job = observed.job(job_name(dubjob, ingest))
    language = dubjob.spec.source_language
    has_other_language = bool(job and job.source_language not in (None, language or ""))
    recorded = dubjob.status.of(Stage.TRANSCRIBE)
    current_hashes = {entry.name: entry.input_hash for entry in entries}
    reads_other = recorded is not None and recorded.input_hash != current_hashes[recorded.name]
    if not (has_other_language or reads_other):
        return entries
    tracks = ingest.summary.audio_tracks if ingest.summary else None
    # How many tracks there are is not known before ingest ends.
    done = ingest.state is StageState.SUCCEEDED
    if done and (tracks is None or tracks == 1):
        return entries
    changed = dubjob.status.source_language != language
    if job and job.pipeline_hash == pipeline_hash:
        # It was created for this spec, and the status that says so was lost.
        starts_again = False
    elif done:
        starts_again = True
    else:
        starts_again = has_other_language or (_is_of_older_version(job) and changed)
    if starts_again:
        return [fresh(ingest, now), fresh(separate, now), *later]
    return [ingest, fresh(separate, now) if changed else separate, *later]


def _is_of_older_version(job: ObservedJob | None) -> bool:
    """Whether nothing says for which language ingest selects a track."""
    return job is not None and job.source_language is None
