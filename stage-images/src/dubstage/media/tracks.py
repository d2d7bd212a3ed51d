"""Which of a source's audio tracks is dubbed: ingest decodes it, mux names its language."""

from __future__ import annotations

from collections.abc import Sequence

from dubstage.media.probe import AudioTrack
from dubstage.text.languages import same_language


def ranked_tracks(
    tracks: Sequence[AudioTrack], source_language: str | None
) -> Sequence[AudioTrack]:
    """`tracks`, the one to dub first, then those to dub if it cannot be decoded.

    Tracks in `source_language` (BCP 47; None if it is to be detected) come first, then the
    one that players choose by default. Tracks of an unknown codec come last.
    """
    return sorted(
        tracks,
        key=lambda track: (track.is_known, _is_in(track, source_language), track.is_default),
        reverse=True,
    )


def dubbed_track(tracks: Sequence[AudioTrack], source_language: str | None) -> AudioTrack:
    """The first of :func:`ranked_tracks`. `tracks` holds at least one."""
    return ranked_tracks(tracks, source_language)[0]


def _is_in(track: AudioTrack, language: str | None) -> bool:
    """Whether the track is known to be in `language`."""
    return bool(language and track.language and same_language(track.language, language))
