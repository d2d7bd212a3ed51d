"""When ingest runs again, because the source language selects another audio track."""

from __future__ import annotations

from datetime import datetime

from dubjob_operator.api.dubjob import DubJob, StageState, StageStatus
from dubjob_operator.planning.stage_entry import fresh
from dubstage.contract import Stage


def audio_track_chosen_again(
    dubjob: DubJob, entries: list[StageStatus], now: datetime
) -> list[StageStatus]:
    """Of several audio tracks the source language decides which is dubbed: where what
    transcribe reads has changed, ingest looks again, and says what is still right."""
    ingest, recorded = dubjob.status.of(Stage.INGEST), dubjob.status.of(Stage.TRANSCRIBE)
    now_wanted = {entry.name: entry.input_hash for entry in entries}
    if recorded is None or recorded.input_hash == now_wanted[recorded.name]:
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
