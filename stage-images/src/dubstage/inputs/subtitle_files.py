"""Cues of a user's subtitle file, SRT, WebVTT or ASS, each with its place in the file.

pysubs2 parses times and strips tags. It gets a block of the file at a time, because it keeps
no row numbers and skips what it cannot parse, and a user needs to know where a mistake is.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape

FORMATS = {
    ".srt": "00:01:02,500 --> 00:01:04,000",
    ".vtt": "00:01:02.500 --> 00:01:04.000",
    ".ass": "Dialogue: 0,0:01:02.50,0:01:04.00,Default,,0,0,0,,Text",
}
"""Suffix of a format to what a user should write."""

WITHOUT_CUE = re.compile(r"(WEBVTT|NOTE|STYLE|REGION)(\s|$)")
"""The first row of a WebVTT block that is not a cue."""


class SubtitleError(Exception):
    """What is wrong with a file, beginning with the row's number."""


@dataclass(frozen=True)
class Cue:
    """One cue; times in seconds."""

    row: int
    """Number of the file's row that holds its times."""
    start: float
    end: float
    text: str
    """Without tags, in one row."""


def read_cues(text: str, suffix: str) -> list[Cue]:
    """The cues of a file of the format `suffix`, in the file's order.

    Raises :class:`SubtitleError` for a block that is not a cue, and for a cue that does not
    end after its start.
    """
    blocks: Callable[[str], Iterator[tuple[int, str]]]
    blocks = _dialogues if suffix == ".ass" else _paragraphs
    return [_cue(row, block, suffix) for row, block in blocks(text)]


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Blocks between empty rows, each from the row that should hold its times."""
    block: list[str] = []
    for number, row in enumerate([*text.splitlines(), ""], start=1):
        if row.strip():
            block.append(row.strip())
            continue
        if block and not WITHOUT_CUE.match(block[0]):
            # A number or a name may stand before the times.
            first = 1 if len(block) > 1 and (block[0].isdigit() or "-->" in block[1]) else 0
            yield number - len(block) + first, "\n".join(block[first:])
        block = []


def _dialogues(text: str) -> Iterator[tuple[int, str]]:
    """Rows of ASS that are shown, each behind the row that names their fields."""
    fields = ""
    for number, row in enumerate(text.splitlines(), start=1):
        if row.startswith("Format:"):
            fields = row
        elif row.startswith("Dialogue:"):
            yield number, f"[Events]\n{fields}\n{row}\n"


def _cue(row: int, block: str, suffix: str) -> Cue:
    from pysubs2 import SSAFile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # About styles, which nobody reads.
            (event,) = SSAFile.from_string(block, format_=suffix[1:])
    except ValueError as error:
        raise SubtitleError(f"line {row}: expected times like {FORMATS[suffix]}") from error
    if event.end <= event.start:
        raise SubtitleError(f"line {row}: the end is not after the start")
    plain = unescape(event.plaintext) if suffix == ".vtt" else event.plaintext
    return Cue(row, event.start / 1000, event.end / 1000, " ".join(plain.split()))
