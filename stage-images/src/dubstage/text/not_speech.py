"""Parts of a text that are not spoken: songs, and the sounds that subtitles describe.

Pure functions of one text. The original audio of such a segment is kept.
"""

from __future__ import annotations

import re

NOTES = "♩♪♫♬🎵🎶"
SONG = re.compile(rf"[{NOTES}][^{NOTES}\n]*(?:[{NOTES}]|$)", re.MULTILINE)
"""A song from its note to the next one, or to the end of its row."""
CLOSED_SONG = re.compile(rf"^[^{NOTES}\n]+[{NOTES}]+\s*$", re.MULTILINE)
"""A row with a note at its end only."""
HASH_SONG = re.compile(r"^#(?!\w*$)\s*[^#\n]+#\s*$", re.MULTILINE)
"""A song between number signs, as broadcasters of teletext write it."""
SQUARE = re.compile(r"[\[［【][^\[\]［］【】\n]{1,80}[\]］】]")
"""``[laughter]``, ``[door closes]``."""
BEFORE_MARK = re.compile(rf"(?<=\w)\s*{SQUARE.pattern}(?=[.,;:!?…])")
ROUND = re.compile(
    r"(?:^|(?<=[.?!…。？！]\s)|(?<=[.?!…。？！]))\s*[(（](?P<inside>[^()（）\n]{1,60})[)）](?=\s|$|\w)",
    re.MULTILINE,
)
"""``(applause)`` at the start of a row or after a sentence. Parentheses within
a sentence hold speech."""
ASTERISKS = re.compile(r"^\s*\*[^*\n]{1,60}\*(?=\s|$)", re.MULTILINE)
"""``*sighs*``."""
PICTURE = "[\u2600-\u266c\u2670-\u2775\u2794-\u27bf\u2b50\u2b55\U0001f000-\U0001faff]"
"""A sharp, a flat and circled numbers are said."""
EMOJI = re.compile(
    rf"{PICTURE}(?:[\ufe0e\ufe0f\u200d\U000e0020-\U000e007f]|{PICTURE})*|[\ufe0e\ufe0f\u20e3]+"
)
"""Pictures, with what joins and varies them. The joiner alone stays: Persian is written with it."""
SENTENCE_ENDS = tuple(".?!…。？！")
"""A parenthesis that ends so holds a sentence."""


def spoken(text: str) -> str:
    """`text` without songs and descriptions of sounds, in its rows."""
    if _is_song(text.strip().split("\n")):
        return ""
    text = BEFORE_MARK.sub("", text)
    for pattern in (CLOSED_SONG, SONG, HASH_SONG, SQUARE):
        text = pattern.sub(" ", text)
    text = ASTERISKS.sub(" ", ROUND.sub(_description, text))
    rows = (" ".join(row.split()) for row in text.split("\n"))
    return "\n".join(row for row in rows if row)


def without_emoji(text: str) -> str:
    """`text` without pictures, whose names some engines read aloud."""
    return EMOJI.sub(" ", text)


def is_not_speech(text: str) -> bool:
    """Whether `text` has words, and none of them is said."""
    has_note = bool(text.strip()) and not text.strip(NOTES + " \n")
    return has_note or (_has_words(text) and not _has_words(spoken(text)))


def _description(match: re.Match[str]) -> str:
    inside = match["inside"].strip()
    return match.group() if inside.endswith(SENTENCE_ENDS) or inside.isdecimal() else " "


def _has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _is_song(rows: list[str]) -> bool:
    """Whether several rows are one song: a note before the first one, and at the last one."""
    is_opened = len(rows) > 1 and rows[0].startswith(tuple(NOTES))
    return is_opened and (rows[-1].startswith(tuple(NOTES)) or rows[-1].endswith(tuple(NOTES)))
