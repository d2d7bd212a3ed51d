"""SRT and WebVTT files: times, escaped markup, and the direction of the text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from dubstage.mux.simultaneous import Cue

MARKUP = re.compile(r"<(?=[A-Za-z/!])|\{(?=\S)|&(?=#?\w+;)")
"""What players take for the beginning of a tag, an override or an entity in SRT."""
WORD_JOINER = "\u2060"
"""SRT has no escapes: after an invisible character, no player recognizes the markup."""
EMBED, POP = "\u202b", "\u202c"
"""They set the direction of a row from right to left, whatever the player assumes. Without
them, punctuation and numbers at the end of a row are shown at its wrong side."""


def srt(shown: Sequence[Cue]) -> str:
    """The text of an SRT file, in which markup is shown as it is written."""
    return "\n".join(
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n"
        f"{_directed(_plain(cue.text))}\n"
        for number, cue in enumerate(shown, start=1)
    )


def vtt(shown: Sequence[Cue]) -> str:
    """The text of a WebVTT file, in which `&`, `<` and `>` are escaped."""
    body = "\n".join(
        f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{_directed(_escape(cue.text))}\n"
        for cue in shown
    )
    return f"WEBVTT\n\n{body}"


def _time(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    whole, fraction = divmod(milliseconds, 1000)
    return f"{hours:02d}:{minutes:02d}:{whole:02d}{point}{fraction:03d}"


def _plain(text: str) -> str:
    return MARKUP.sub(lambda mark: mark[0] + WORD_JOINER, text)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _directed(text: str) -> str:
    """`text`, each row of which is set from right to left if most of its letters are."""
    kinds = [unicodedata.bidirectional(character) for character in text]
    if sum(kind in ("R", "AL") for kind in kinds) <= kinds.count("L"):
        return text
    return "\n".join(f"{EMBED}{row}{POP}" for row in text.split("\n"))
