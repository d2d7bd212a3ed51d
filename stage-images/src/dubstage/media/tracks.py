"""Which of a source's audio tracks is dubbed: ingest decodes it, mux names its language."""

from __future__ import annotations

from collections.abc import Sequence

from dubstage.media.probe import AudioTrack
from dubstage.text.languages import same_language


def dubbed_track(tracks: Sequence[AudioTrack], source_language: str | None) -> AudioTrack:
    """The track that is dubbed: the one in `source_language` (BCP 47; None if it is to be
    detected). Of several of these, or without any, the one that players choose by default,
    else the first. `tracks` holds at least one."""
    return max(tracks, key=lambda track: (_is_in(track, source_language), track.is_default))


def _is_in(track: AudioTrack, language: str | None) -> bool:
    """Whether the track is known to be in `language`."""
    return bool(language and track.language and same_language(track.language, language))
