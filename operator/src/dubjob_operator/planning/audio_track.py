"""Whether ingest runs again because the source language may select another audio track."""

from __future__ import annotations

from datetime import datetime

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning.manifests import job_name
from dubjob_operator.planning.observation import Observed
from dubjob_operator.planning.stage_entry import fresh
from dubstage.contract import Stage


def audio_track_chosen_again(
    dubjob: DubJob, entries: list[StageStatus], observed: Observed, now: datetime
) -> list[StageStatus]:
    """The entries after a change of what transcribe reads. If the source has several audio tracks,
    its language decides which one is dubbed, so ingest runs again and reports what can be
    reused."""
    recorded = dubjob.status.of(Stage.TRANSCRIBE)
    current_hashes = {entry.name: entry.input_hash for entry in entries}
    if recorded is None or recorded.input_hash == current_hashes[recorded.name]:
        return entries
    ingest, separate, *later = entries
    done = StageState.SUCCEEDED
    if ingest.state is not done:
        # How many tracks there are is not known before it ends.
        has_begun = observed.job(job_name(dubjob, ingest)) is not None
        changed = dubjob.status.source_language != dubjob.spec.source_language
        return [fresh(ingest, now), separate, *later] if has_begun and changed else entries
    tracks = ingest.summary.audio_tracks if ingest.summary else None
    if tracks is None or tracks == 1:
        return entries
    again = fresh(separate, now) if separate.state is done else separate
    return [fresh(ingest, now), again, *later]
