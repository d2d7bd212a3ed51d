"""Glossary terms that keep their form or have a given translation, with any engine.

A term is replaced by a mark that engines do not change. In the engine's answer the mark is
replaced by the term's translation. Pure functions of text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dubstage.contract import GlossaryEntry
from dubstage.text.terms import Terms

MARKS = re.compile(r"⟦\s*(\d+)\s*⟧")
"""A mark, possibly with spaces that an engine added."""


@dataclass(frozen=True)
class Protected:
    """A text with marks for its glossary terms."""

    text: str
    renderings: tuple[str, ...]
    """What replaces mark 0, 1, …"""

    @property
    def has_words(self) -> bool:
        """Whether there is anything for the engine to translate."""
        return any(character.isalpha() for character in MARKS.sub("", self.text))

    def restore(self, translation: str) -> str | None:
        """The engine's answer with its terms; None unless it holds each mark exactly once."""
        numbers = sorted(int(number) for number in MARKS.findall(translation))
        if numbers != list(range(len(self.renderings))):
            return None
        return MARKS.sub(lambda match: self.renderings[int(match.group(1))], translation)


def protect(text: str, terms: Terms[GlossaryEntry]) -> Protected:
    """Replace each term of `text` by a mark."""
    renderings: list[str] = []

    def mark(entry: GlossaryEntry) -> str:
        renderings.append(entry.rendering)
        return f"⟦{len(renderings) - 1}⟧"

    marked = terms.replace(text.replace("⟦", "[").replace("⟧", "]"), mark)
    return Protected(marked, tuple(renderings))
