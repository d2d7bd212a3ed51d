"""Terms that keep their form, or are rendered in a given way, whatever the engine.

A term is replaced by a mark that engines leave alone, and the mark by the rendering
once the line has come back: pure functions of text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dubstage.contract import GlossaryEntry

MARKS = re.compile(r"⟦\s*(\d+)\s*⟧")
"""A mark, also where an engine has put spaces into it."""

UNSPACED_SCRIPTS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Thai, Lao, Burmese, Khmer, kana, Han and Hangul: no space, or a particle, follows."""

LETTER = rf"[^\W{UNSPACED_SCRIPTS}]"
"""A letter or digit that makes another word of a term that it touches."""


@dataclass(frozen=True)
class Protected:
    """A line that is ready for an engine."""

    text: str
    renderings: tuple[str, ...]
    """What stands for mark 0, 1, …"""

    @property
    def has_words(self) -> bool:
        """True where there is something for the engine to translate."""
        return any(character.isalpha() for character in MARKS.sub("", self.text))

    def restore(self, translation: str) -> str | None:
        """The engine's answer with its terms; None where a mark did not come back
        exactly once."""
        found = sorted(int(number) for number in MARKS.findall(translation))
        if found != list(range(len(self.renderings))):
            return None
        return MARKS.sub(lambda match: self.renderings[int(match.group(1))], translation)


def protect(text: str, glossary: Sequence[GlossaryEntry]) -> Protected:
    """The line with a mark in the place of each term: whole words, in any case, the
    longest term first."""
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
