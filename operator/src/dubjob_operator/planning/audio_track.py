"""Whether ingest runs again because the source language may select another audio track."""

from __future__ import annotations

from datetime import datetime

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning.stage_entry import fresh
from dubstage.contract import Stage


def audio_track_chosen_again(
    dubjob: DubJob, entries: list[StageStatus], now: datetime
) -> list[StageStatus]:
    """The entries after a change of what transcribe reads. If the source has several audio tracks,
    its language decides which one is dubbed, so ingest runs again and reports what can be
    reused."""
    ingest, recorded = dubjob.status.of(Stage.INGEST), dubjob.status.of(Stage.TRANSCRIBE)
    current_hashes = {entry.name: entry.input_hash for entry in entries}
    if recorded is None or recorded.input_hash == current_hashes[recorded.name]:
        return entries
    tracks = ingest.summary.audio_tracks if ingest and ingest.summary else None
    if tracks is None or tracks == 1:
        return entries
    before = (Stage.INGEST, Stage.SEPARATE)
    done = StageState.SUCCEEDED
    return [
        fresh(entry, now) if entry.name in before and entry.state is done else entry
        for entry in entries
    ]
