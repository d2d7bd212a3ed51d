"""Terms of a glossary in texts: whole words, in any case, the longest term first.

Texts and terms are in composed form. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")

UNSPACED_SCRIPTS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Thai, Lao, Burmese, Khmer, kana, Han and Hangul: a word is not followed by a space, or is
followed by a particle."""

LETTER = rf"[^\W{UNSPACED_SCRIPTS}]"
"""A letter or digit: next to a term it makes a different word."""


@dataclass(frozen=True)
class _Term(Generic[Value]):
    words: tuple[str, ...]
    """Folded, for a first look: a regular expression of 5,000 terms takes far longer."""
    pattern: str
    value: Value


class Terms(Generic[Value]):
    """Terms, each with a value."""

    def __init__(self, pairs: Iterable[tuple[str, Value]]) -> None:
        longest_first = sorted(pairs, key=lambda pair: len(pair[0]), reverse=True)
        self._terms = [
            _Term(
                tuple(_folded(term).split()),
                r"\s+".join(re.escape(word) for word in term.split()),
                value,
            )
            for term, value in longest_first
            if term.strip()
        ]

    def replace(self, text: str, replacement: Callable[[Value], str]) -> str:
        """`text` with the replacement of the term's value in place of each term."""
        folded = _folded(text)
        terms = [term for term in self._terms if all(word in folded for word in term.words)]
        if not terms:
            return text
        choices = "|".join(f"({term.pattern})" for term in terms)
        return re.sub(
            # The scripts have no case. With the flag on them, each pattern takes 15 ms to compile.
            rf"(?<!{LETTER})(?i:{choices})(?!{LETTER})",
            lambda match: replacement(terms[(match.lastindex or 1) - 1].value),
            text,
        )

    def values_in(self, text: str) -> list[Value]:
        """The values of the terms in `text`, each once for each time that the term occurs."""
        values: list[Value] = []

        def note(value: Value) -> str:
            values.append(value)
            return ""

        self.replace(text, note)
        return values


def _folded(text: str) -> str:
    """`text` so that equal letters of any case are equal, as regular expressions see them."""
    return text.casefold().replace("ı", "i").replace("i̇", "i")
