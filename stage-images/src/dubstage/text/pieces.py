"""A long text in pieces that an engine takes: pure."""

from __future__ import annotations

import re

ENDS = (
    re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])"),
    re.compile(r"(?<=[,;:])\s+|(?<=[，、；：])"),
    re.compile(r"\s+"),
)
"""Where a text may be cut, best first: after a sentence, after a clause, between words."""


def pieces(text: str, longest: int) -> list[str]:
    """`text` in pieces of at most `longest` characters, each as long as may be, cut where
    it hurts least. Nothing but spaces at the cuts is lost."""
    text = text.strip()
    if len(text) <= longest:
        return [text] if text else []
    for end in ENDS:
        parts = [part for part in end.split(text) if part]
        if len(parts) > 1:
            return _joined([piece for part in parts for piece in pieces(part, longest)], longest)
    return [text[first : first + longest] for first in range(0, len(text), longest)]


def _joined(parts: list[str], longest: int) -> list[str]:
    """Neighbours put together again as far as they fit."""
    found: list[str] = []
    for part in parts:
        space = "" if found and found[-1][-1] in "。！？，、；：" else " "
        if found and len(found[-1]) + len(space) + len(part) <= longest:
            found[-1] += space + part
        else:
            found.append(part)
    return found
