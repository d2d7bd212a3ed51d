"""Which of a source's audio tracks is dubbed: ingest extracts it, mux tags its language."""

from __future__ import annotations

from collections.abc import Sequence

from dubstage.media.probe import AudioTrack
from dubstage.text.languages import media_code

BIBLIOGRAPHIC = dict(
    pair.split(":")
    for pair in (
        "alb:sqi arm:hye baq:eus bur:mya chi:zho cze:ces dut:nld fre:fra geo:kat ger:deu gre:ell "
        "ice:isl mac:mkd may:msa per:fas rum:ron slo:slk tib:bod wel:cym"
    ).split()
)
"""ISO 639-2/B to 639-2/T: files use either."""


def dubbed_track(tracks: Sequence[AudioTrack], source_language: str | None) -> AudioTrack:
    """The track that is dubbed: the one in `source_language` (BCP 47; None if it is to be
    detected). Of several of these, or without any, the one that players choose by default,
    else the first. `tracks` holds at least one."""
    source_code = _code(source_language)
    return max(
        tracks,
        key=lambda track: (
            source_code is not None and _code(track.language) == source_code,
            track.is_default,
        ),
    )


def _code(tag: str | None) -> str | None:
    """Three letters; None if the language is not known."""
    code = media_code(tag or "und")
    return None if code == "und" else BIBLIOGRAPHIC.get(code, code)
