"""The text of a cue without the markup that subtitle tools put into it.

Pure functions. What looks like markup and is text stays: ``a < b and c > d``.
"""

from __future__ import annotations

import re
from html import unescape

from dubstage.text.unicode import plain

TAG_NAMES = "b|i|u|s|c|v|em|strong|font|span|lang|ruby|rt|rp|br|p|div|big|small|strike|tt|sub|sup"
TAG = re.compile(
    rf"</?(?:{TAG_NAMES})(?:[.:][^<>\s]*)?(?:\s[^<>]*)?\s*/?>|<(?:\d+:)?\d+:\d+[.,]\d+>", re.I
)
"""Tags of SRT, WebVTT and HTML, and the times of words in WebVTT."""
BREAK = re.compile(r"<br\s*/?>|(?<![:\w])\\[Nn]|(?<=[\w.,?!…])\\N", re.I)
VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+(?P<name>[^<>]+)>", re.I)
"""The speaker of a WebVTT cue."""
OVERRIDE = re.compile(r"\{\s*\\[^{}]*\}|\{[a-zA-Z]:[^{}]*\}")
"""``{\\an8}`` of ASS, ``{y:i}`` of MicroDVD."""
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]\w{1,30});")
SPEAKER = re.compile(r"^\s*[\[(]?(?P<name>SPEAKER_\d+)[\])]?\s*:?\s*", re.I)
"""How WhisperX and similar tools mark a speaker."""
LABEL = re.compile(r"^(?P<dash>\s*[-–—]\s*|\s*>>\s*)?(?P<name>[^\W\d_a-z][^\W_a-z .'’#\d-]*"
                   r"(?:[ .'’#-]+[^\W_a-z]+)*):\s+(?=\S)")  # fmt: skip
"""``JOHN: Hello.``: the speaker in capitals, as in subtitles for the hard of hearing."""
NO_LABELS = frozenset("OK PS NB NOTE WARNING ERROR ATTENTION URGENT TODO FYI".split())
CHANGE = re.compile(r"^\s*>{2,3}\s*")
"""The mark of live captions for another speaker."""
DASH = re.compile(r"^\s*[-–—‐]\s*(?=[^\W\d]|[¿¡\"“«'‘(\[…])")
"""The dash before what somebody says; no minus sign."""
INNER_DASH = re.compile(r"(?<=[.?!…。？！])\s+(?=[-–—‐]\s)")
"""The place before the dash of the second person in one row."""


def rows_of(raw: str) -> tuple[list[str], str]:
    """The rows of a cue's text without markup, none of them empty, and the name of the speaker
    that the markup gives; empty if it gives none."""
    voice = VOICE.search(raw)
    name = voice["name"].strip() if voice else ""
    text = OVERRIDE.sub("", BREAK.sub("\n", raw.replace("\\h", " ")))
    # Some tools escape their own tags: `&lt;i&gt;`.
    text = TAG.sub("", ENTITY.sub(_character, TAG.sub("", text)))
    rows = []
    for row in plain(text).split("\n"):
        if marked := SPEAKER.match(row):
            name, row = marked["name"].upper(), row[marked.end() :]
        if bare := " ".join(CHANGE.sub("", row).split()):
            rows.append(bare)
    return rows, name


def without_label(row: str) -> str:
    """`row` without a name in capitals before it; a row all in capitals stays."""
    label = LABEL.match(row)
    if label is None or len(label["name"]) < 2 or label["name"] in NO_LABELS:
        return row
    if not label["name"].isupper():
        return row
    rest = row[label.end() :]
    return (label["dash"] or "") + rest if any(x.islower() for x in rest) else row


def turns_of(rows: list[str]) -> list[str]:
    """The texts that different people say: one for each row with a dash, or all rows together if
    there is no dash but one at the start."""
    turns: list[str] = []
    for row in _at_dashes(rows):
        dash = DASH.match(row)
        text = row[dash.end() :] if dash else row
        # A sentence may go on after a dash at the start of a row.
        if not turns or (dash and not text[:1].islower()):
            turns.append(text)
        else:
            turns[-1] += f" {row}"
    return turns


def _at_dashes(rows: list[str]) -> list[str]:
    """The rows, those that start with a dash divided at the dash of the next person."""
    return [part for row in rows for part in (INNER_DASH.split(row) if DASH.match(row) else [row])]


def _character(match: re.Match[str]) -> str:
    return unescape(match.group())
