"""Glossary terms that keep their form or have a given translation, with any engine.

A term is replaced by a mark that engines do not change. In the engine's answer the mark is
replaced by the term's translation. Pure functions of text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dubstage.contract import GlossaryEntry

MARKS = re.compile(r"⟦\s*(\d+)\s*⟧")
"""A mark, possibly with spaces that an engine added."""

UNSPACED_SCRIPTS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Thai, Lao, Burmese, Khmer, kana, Han and Hangul: a word is not followed by a space, or is
followed by a particle."""

LETTER = rf"[^\W{UNSPACED_SCRIPTS}]"
"""A letter or digit: next to a term it makes a different word."""


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


def protect(text: str, glossary: Sequence[GlossaryEntry]) -> Protected:
    """Replace each term of `text` by a mark. Terms match whole words in any case, the longest
    term first."""
    text = text.replace("⟦", "[").replace("⟧", "]")
    entries = sorted(
        (entry for entry in glossary if entry.term.strip()),
        key=lambda entry: len(entry.term),
        reverse=True,
    )
    if not entries:
        return Protected(text, ())
    terms = "|".join(f"({_spaces_alike(entry.term)})" for entry in entries)
    renderings: list[str] = []

    def mark(match: re.Match[str]) -> str:
        entry = entries[(match.lastindex or 1) - 1]
        renderings.append(entry.term if entry.translation is None else entry.translation)
        return f"⟦{len(renderings) - 1}⟧"

    marked = re.sub(rf"(?<!{LETTER})(?:{terms})(?!{LETTER})", mark, text, flags=re.IGNORECASE)
    return Protected(marked, tuple(renderings))


def _spaces_alike(term: str) -> str:
    return r"\s+".join(re.escape(word) for word in term.split())
