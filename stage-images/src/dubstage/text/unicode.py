"""Text in one form: composed letters, no invisible marks, no control characters."""

from __future__ import annotations

import re
from unicodedata import normalize

INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Soft hyphens, direction marks and byte order marks. The joiners stay: Persian and Hindi are
written with them."""
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters, line separators, and halves of surrogate pairs, which cannot be stored; no
tab and no line feed."""
ROW_END = re.compile("\r+\n|\r")
"""Conversions between systems double the carriage return."""


def composed(text: str) -> str:
    """`text` in Unicode's composed form (NFC), in which glossaries, dictionaries and names are
    compared: macOS writes ``é`` as two characters."""
    return normalize("NFC", text)


def plain(text: str) -> str:
    """`text` composed, without invisible marks, and with spaces for control characters. Line
    feeds stay."""
    return composed(CONTROL.sub(" ", INVISIBLE.sub("", ROW_END.sub("\n", text))))
