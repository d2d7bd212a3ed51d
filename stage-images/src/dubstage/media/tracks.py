"""Which of a source's audio tracks is dubbed: ingest decodes it, mux names its language."""

from __future__ import annotations

from collections.abc import Sequence

from dubstage.media.probe import AudioTrack
from dubstage.text.counting import counted
from dubstage.text.languages import names_language, needs_translation, same_language, standard


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


def other_tracks(languages: Sequence[str | None], number: int, target: str) -> str:
    """How to dub another audio track than `number`, counted from one, which is in the `target`
    language (BCP 47). `languages`: those that the tracks declare. Empty for a single track."""
    if len(languages) < 2:
        return ""
    named = [f"{place} ({one or 'language not tagged'})" for place, one in enumerate(languages, 1)]
    chosen = named.pop(number - 1)
    sentence = (
        f"It has {counted(len(languages), 'audio track')}, of which {chosen} was chosen; the "
        f"{'other is' if len(named) == 1 else 'others are'} {', '.join(named)}. "
    )
    tags = dubbed_languages(languages, number, target)
    if not tags:
        return sentence + (
            "A track is chosen by its language: tag it, or provide a source with that track alone."
        )
    return sentence + (
        f"To dub another one, set spec.sourceLanguage to {' or '.join(tags)} "
        f"(dub submit --from {tags[0]})."
    )


def dubbed_languages(languages: Sequence[str | None], number: int, target: str) -> list[str]:
    """The source languages (BCP 47) that select another track to dub than `number`, counted from
    one. The track's own language would select it again."""
    own = languages[number - 1]
    tags = [
        standard(one)
        for one in languages
        if one and names_language(one) and needs_translation(one, target)
        if not (own and same_language(one, own))
    ]
    return list(dict.fromkeys(tags))


def _is_in(track: AudioTrack, language: str | None) -> bool:
    """Whether the track is known to be in `language`."""
    return bool(language and track.language and same_language(track.language, language))
