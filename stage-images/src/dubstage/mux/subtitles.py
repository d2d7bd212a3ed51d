"""Subtitles out of lines, in SRT and WebVTT.

The rules are those of broadcasters: at most two rows of 42 characters, at most 17
characters a second (fewer of full width: :data:`dubstage.mux.subtitle_rows.LIMITS`), at
least 1.2 s. A line that needs more time than it has stays through the pause that follows;
where there is none, all of its text is still shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dubstage.mux.subtitle_rows import limits_of, rows, width

ROWS = 2
SHORTEST_SECONDS = 1.2


@dataclass(frozen=True)
class Cue:
    """What is shown, and when; seconds."""

    start: float
    end: float
    text: str


def cues(
    lines: Sequence[tuple[float, float, str]], programme_end: float, language: str
) -> list[Cue]:
    """Cues of lines (start, end, text) in the order of their start; a line without text,
    or behind the programme's end, has none. A longer line becomes several cues that share
    its time by their length. `language`: BCP 47."""
    found = []
    rate = limits_of(language).columns_per_second
    for number, (start, end, text) in enumerate(lines):
        pages = _pages(text, language) if start < programme_end else []
        following = [line[0] for line in lines[number + 1 :] if line[0] >= end]
        limit = min(following[0] if following else programme_end, programme_end)
        needs = [max(width(page) / rate, SHORTEST_SECONDS) for page in pages]
        until = max(min(end, programme_end), min(start + sum(needs), limit))
        at = start
        for page, need in zip(pages, needs, strict=True):
            ends = at + (until - start) * need / sum(needs)
            found.append(Cue(at, ends, page))
            at = ends
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


def _pages(text: str, language: str) -> list[str]:
    """`text` in pages of two rows."""
    found = rows(text, language)
    return ["\n".join(found[n : n + ROWS]) for n in range(0, len(found), ROWS)]


def _time(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    whole, fraction = divmod(milliseconds, 1000)
    return f"{hours:02d}:{minutes:02d}:{whole:02d}{point}{fraction:03d}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
