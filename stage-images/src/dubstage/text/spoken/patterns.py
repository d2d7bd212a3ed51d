"""Patterns and the words around a match, for all rules."""

from __future__ import annotations

import re
from collections.abc import Iterable

LATIN = "A-Za-zÀ-ÖØ-öø-ÿ"
START = rf"(?<![{LATIN}\d])(?<!\d[.,])"
"""Before a number: it is no part of a word, nor of another number."""
END = rf"(?![{LATIN}\d])(?![.,]\d)"
"""After a number. Letters of other scripts may touch it, as in 3人."""
NUMBER = r"\d+(?:[.,]\d+|[’'\u00a0\u202f]\d{3}(?!\d))*"
SPACE = r"[\s\u00a0\u202f]?"
UNCOUNTED = frozenset(
    (
        "y o e u i a de del dels en el la los las al por que con para es son fue era como pero si "
        "no per amb em da do das dos na nos mais foi ou et und oder di il lo gli le che è non un "
        "and or in on at of the to is are was d"
    ).split()
)
"""Words that a number before them does not count."""
WORD_BEFORE = re.compile(r"([^\W\d_]+)[.,]?\s$")
WORD_AFTER = re.compile(r"\s?([^\W\d_]+)")


def word_before(match: re.Match[str]) -> str:
    """The word before a match, with its capitals; empty if there is none."""
    found = WORD_BEFORE.search(match.string[: match.start()])
    return found[1] if found else ""


def word_after(match: re.Match[str]) -> str:
    """The word after a match, with its capitals; empty if there is none."""
    found = WORD_AFTER.match(match.string, match.end())
    return found[1] if found else ""


def one_of(texts: Iterable[str]) -> str:
    """A pattern for any of `texts`, the longest first; one that never matches without any."""
    return "|".join(map(re.escape, sorted(texts, key=len, reverse=True))) or r"(?!)"
