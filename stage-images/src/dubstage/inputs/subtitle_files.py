"""Cues of a user's subtitle file, SRT, WebVTT or ASS, each with its place in the file.

Tools write these formats loosely: without empty rows between cues, with empty rows in them,
without hours or numbers, one format under the name of another. The times mark the cues; a user
needs to know the row of a mistake, which libraries skip. pysubs2 reads the rows of ASS.
The files that a user can put next to a source are in :mod:`dubstage.inputs.corrections`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from itertools import pairwise

from dubstage.inputs.cue import Cue
from dubstage.inputs.markup import rows_of

FORMATS = {
    ".srt": "00:01:02,500 --> 00:01:04,000",
    ".vtt": "00:01:02.500 --> 00:01:04.000",
    ".ass": "Dialogue: 0,0:01:02.50,0:01:04.00,Default,,0,0,0,,Text",
}
"""Suffix of a format to what a user should write."""

TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,3}))?"
TIMES = re.compile(rf"\s*{TIME}\s*(?:-{{1,3}}>|[–—]>|→)\s*{TIME}(?:\s|$)")
LIKE_TIMES = re.compile(r"-->|^\s*(?:\d+:)+\d+[.,]\d+\s*\S?>")
"""A row that was meant to hold times."""
SKIPPED = re.compile(r"(WEBVTT|NOTE|STYLE|REGION)(\s|$)")
"""The first row of a WebVTT block that is not a cue."""
SCRIPT = re.compile(r"^\s*\[(Script Info|V4\+? Styles|Events)\]", re.IGNORECASE | re.MULTILINE)


class SubtitleError(Exception):
    """What is wrong with a file, beginning with the row's number."""


def read_cues(text: str, suffix: str) -> list[Cue]:
    """The cues of a file that have a text, in the file's order. `suffix` is that of its name;
    the content decides on the format.

    Raises :class:`SubtitleError` for a row that should hold times and does not, and for a cue
    that does not end after its start.
    """
    is_script = suffix == ".ass" or (SCRIPT.search(text) and not _has_times(text))
    cues = list(_dialogues(text) if is_script else _timed(text, suffix))
    for cue in cues:
        if cue.rows and cue.end <= cue.start:
            raise SubtitleError(f"line {cue.row}: the end is not after the start")
    return cues


def _has_times(text: str) -> bool:
    return any(TIMES.match(row) for row in text.split("\n"))


def _timed(text: str, suffix: str) -> Iterator[Cue]:
    """The cues of SRT or WebVTT: from one row with times to the next."""
    rows = _without_blocks(text.split("\n"))
    places = [place for place, row in enumerate(rows) if TIMES.match(row)]
    _check_rows(rows, places, suffix)
    is_numbered = bool(places and places[0] and rows[places[0] - 1].strip().isdecimal())
    for place, following in pairwise([*places, len(rows)]):
        end = following
        if following < len(rows) and _is_identifier(rows, following - 1, is_numbered):
            end -= 1
        times = TIMES.match(rows[place])
        assert times is not None
        texts, speaker = rows_of("\n".join(rows[place + 1 : end]))
        start, stop = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
        yield Cue(place + 1, start, stop, tuple(texts), speaker)


def _without_blocks(rows: list[str]) -> list[str]:
    """`rows` with empty ones for the header, the comments and the styles of WebVTT."""
    kept: list[str] = []
    is_skipped = False
    for place, row in enumerate(rows):
        if not row.strip() or TIMES.match(row):
            is_skipped = False
        elif SKIPPED.match(row) and (place == 0 or not rows[place - 1].strip()):
            is_skipped = True
        kept.append("" if is_skipped else row)
    return kept


def _is_identifier(rows: list[str], place: int, is_numbered: bool) -> bool:
    """Whether the row before the times at `place` + 1 is the cue's number or name, and not the
    text of the cue before."""
    is_first = place == 0 or not rows[place - 1].strip()
    is_number = rows[place].strip().isdecimal()
    return bool(rows[place].strip()) and (is_first or (is_numbered and is_number))


def _check_rows(rows: list[str], places: list[int], suffix: str) -> None:
    """Raise :class:`SubtitleError` for a row that should hold times and does not."""
    first = places[0] if places else len(rows)
    wrong = [place for place, row in enumerate(rows) if _is_misread(rows, place)]
    if not wrong:
        before = [place for place, row in enumerate(rows[:first]) if row.strip()]
        # The number or the name of the first cue may stand before its times.
        identifier = (first - 1,) if places else ()
        wrong = [place for place in before if place not in identifier]
        if wrong and not places and rows[wrong[0]].strip().isdecimal() and len(wrong) > 1:
            wrong = wrong[1:]
    if wrong:
        expected = FORMATS[".srt" if suffix == ".ass" else suffix]
        raise SubtitleError(f"line {wrong[0] + 1}: expected times like {expected}")


def _is_misread(rows: list[str], place: int) -> bool:
    """Whether the row looks like times, and they cannot be read."""
    row = rows[place]
    return bool(LIKE_TIMES.search(row) and re.match(r"\s*\d", row)) and not TIMES.match(row)


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, decimals = parts
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole + int((decimals or "0").ljust(3, "0")) / 1000


def _dialogues(text: str) -> Iterator[Cue]:
    """Rows of ASS that are shown, each read behind the row that names their fields."""
    fields = ""
    for number, row in enumerate(text.split("\n"), start=1):
        if row.startswith("Format:"):
            fields = row
        elif row.startswith("Dialogue:"):
            cue = _dialogue(number, f"[Events]\n{fields}\n{row}\n")
            if cue:
                yield cue


def _dialogue(row: int, block: str) -> Cue | None:
    """The cue of a row; None for a drawing."""
    from pysubs2 import SSAFile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # About styles, which nobody reads.
            (event,) = SSAFile.from_string(block, format_="ass")
    except ValueError as error:
        raise SubtitleError(f"line {row}: expected times like {FORMATS['.ass']}") from error
    if event.is_drawing:
        return None
    texts, speaker = rows_of(event.text.replace("\\n", " ").replace("\\N", "\n"))
    return Cue(row, event.start / 1000, event.end / 1000, tuple(texts), speaker or event.name)
