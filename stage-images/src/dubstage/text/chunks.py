"""A long text in chunks that an engine accepts: pure."""

from __future__ import annotations

import re

from dubstage.text.punctuation import (
    CLAUSE_MARKS,
    CLOSERS,
    FULL_WIDTH_MARKS,
    SENTENCE_MARKS,
    ends_sentence,
)


def _after(marks: str) -> re.Pattern[str]:
    """The spaces after one of `marks`; the place itself after one that no space follows."""
    full_width = "".join(mark for mark in marks if mark in FULL_WIDTH_MARKS)
    return re.compile(rf"(?<=[{re.escape(marks)}])\s+|(?<=[{full_width}])")


BOUNDARIES = (_after(SENTENCE_MARKS), _after(CLAUSE_MARKS), re.compile(r"\s+"))
"""Where a text may be cut, best first: after a sentence, after a clause, between words."""


_FULL_WIDTH_END = re.compile(
    rf"(?<=[{''.join(mark for mark in SENTENCE_MARKS if mark in FULL_WIDTH_MARKS)}])"
    rf"(?![{re.escape(CLOSERS + SENTENCE_MARKS)}])"
)


def sentences_of(text: str) -> list[str]:
    """The sentences of a text."""
    found: list[list[str]] = [[]]
    words = [word for part in text.split() for word in _FULL_WIDTH_END.split(part) if word]
    for word, following in zip(words, [*words[1:], ""], strict=False):
        found[-1].append(word)
        if ends_sentence(word, following):
            found.append([])
    return [" ".join(sentence) for sentence in found if sentence]


def chunks(text: str, max_characters: int) -> list[str]:
    """`text` in chunks of at most `max_characters`, each as long as possible, cut at the best
    boundaries. Only spaces at the cuts are lost."""
    text = text.strip()
    if len(text) <= max_characters:
        return [text] if text else []
    for boundary in BOUNDARIES:
        parts = [part for part in boundary.split(text) if part]
        if len(parts) > 1:
            small = [chunk for part in parts for chunk in chunks(part, max_characters)]
            return _joined(small, max_characters)
    return [text[first : first + max_characters] for first in range(0, len(text), max_characters)]


def _joined(parts: list[str], max_characters: int) -> list[str]:
    """`parts` with neighbors joined as far as they fit."""
    joined: list[str] = []
    for part in parts:
        space = "" if joined and joined[-1][-1] in FULL_WIDTH_MARKS else " "
        if joined and len(joined[-1]) + len(space) + len(part) <= max_characters:
            joined[-1] += space + part
        else:
            joined.append(part)
    return joined
