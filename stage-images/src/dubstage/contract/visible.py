"""Text of others, for terminals and logs."""

from __future__ import annotations

import re

HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]",
)
"""Control characters but tab and line feed, and the marks that reorder or break a line."""


def visible(text: str) -> str:
    """`text` with an escape sequence for each character that a terminal would act on. A message
    contains names of files, and a file name can contain any character."""
    return HIDDEN.sub(lambda match: match.group().encode("unicode_escape").decode(), text)
