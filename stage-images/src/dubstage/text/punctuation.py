"""Where a sentence or a clause ends, by its marks, in any script."""

from __future__ import annotations

ENDS = tuple(".?!…。｡．？！‼⁇⁈⁉؟۔।॥։።။។")
"""Marks that end a sentence: Latin, CJK, Arabic, Urdu, Devanagari, Armenian, Ethiopic,
Burmese, Khmer."""
CLAUSE_ENDS = tuple(",;:、，；：､،؛—–")
CLOSERS = "\"'”’»›)]}」』）】》〉*♪"
"""What may stand behind such a mark."""
OPENERS = "\"'“‘«‹([{「『（【《〈¿¡*♪"
TITLES = frozenset(
    "mr mrs ms dr prof st sr sra jr mme mlle hr fr dott sig ing vs vol approx".split()
)
"""Words whose point is no full stop."""


def ends_sentence(text: str, following: str = "") -> bool:
    """True where `text` (a word, or more) ends a sentence. `following`, the next word,
    tells: a small letter goes on with the sentence (``etc. and``, ``“Why?” he asked``)."""
    bare = text.rstrip(CLOSERS)
    if not bare.endswith(ENDS) or following.lstrip()[:1].islower():
        return False
    last = bare.rpartition(" ")[2].lstrip(OPENERS)
    is_initial = len(last) == 2 and last[0].isupper() and last != "I."
    is_abbreviation = last.endswith(".") and (is_initial or last[:-1].lower() in TITLES)
    return not (is_abbreviation and following)


def ends_clause(text: str) -> bool:
    """True where `text` ends with a comma or its like."""
    return text.rstrip(CLOSERS).endswith(CLAUSE_ENDS)
