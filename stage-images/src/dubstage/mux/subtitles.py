"""Subtitles out of lines, in SRT and WebVTT.

At most two rows of 42 characters, as broadcasters ask; a longer line becomes
several cues that share its time by their length.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ROW_CHARACTERS = 42
ROWS = 2


@dataclass(frozen=True)
class Cue:
    """What is shown, and when; seconds."""

    start: float
    end: float
    text: str


def cues(lines: Iterable[tuple[float, float, str]]) -> list[Cue]:
    """Cues of lines (start, end, text); a line without text has none."""
    found = []
    for start, end, text in lines:
        rows = textwrap.wrap(" ".join(text.split()), ROW_CHARACTERS)
        pages = ["\n".join(rows[n : n + ROWS]) for n in range(0, len(rows), ROWS)]
        total = sum(len(page) for page in pages)
        at = start
        for page in pages:
            until = at + (end - start) * len(page) / total
            found.append(Cue(at, until, page))
            at = until
    return found


def srt(found: Sequence[Cue]) -> str:
    """The text of an SRT file."""
    return "\n".join(
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{cue.text}\n"
        for number, cue in enumerate(found, start=1)
    )


def vtt(found: Sequence[Cue]) -> str:
    """The text of a WebVTT file. `&`, `<` and `>` are markup there."""
    body = "\n".join(
        f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{_escape(cue.text)}\n" for cue in found
    )
    return f"WEBVTT\n\n{body}"


def _time(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    whole, fraction = divmod(milliseconds, 1000)
    return f"{hours:02d}:{minutes:02d}:{whole:02d}{point}{fraction:03d}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
