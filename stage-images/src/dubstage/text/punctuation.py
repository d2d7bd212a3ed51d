"""The marks that end a sentence or a clause, in any script: the one table of them."""

from __future__ import annotations

from unicodedata import east_asian_width

SENTENCE_MARKS = ".?!…。｡．？！‼⁇⁈⁉؟۔।॥։።။។"
"""Latin, CJK, Arabic, Urdu, Devanagari, Armenian, Ethiopic, Burmese, Khmer."""
CLAUSE_MARKS = ",;:、，；：､،؛—–"
FULL_WIDTH_MARKS = "".join(
    mark for mark in SENTENCE_MARKS + CLAUSE_MARKS if east_asian_width(mark) in "FHW"
)
"""Marks that no space follows."""
CLOSERS = "\"'”’»›)]}」』）】》〉*♪"
"""What may follow a mark and still belong to it."""
OPENERS = "\"'“‘«‹([{「『（【《〈¿¡*♪"
TITLES = frozenset(
    "mr mrs ms dr prof st sr sra jr mme mlle hr fr dott sig ing vs vol approx".split()
)
"""Words whose period does not end a sentence."""


def ends_sentence(text: str, following: str = "") -> bool:
    """Whether `text`, a word or more, ends a sentence. If `following`, the next word, starts
    with a small letter, the sentence goes on (``etc. and``, ``“Why?” he asked``)."""
    bare = text.rstrip(CLOSERS)
    if not bare.endswith(tuple(SENTENCE_MARKS)) or following.lstrip()[:1].islower():
        return False
    last = bare.rpartition(" ")[2].lstrip(OPENERS)
    is_initial = len(last) == 2 and last[0].isupper() and last != "I."
    is_abbreviation = last.endswith(".") and (is_initial or last[:-1].lower() in TITLES)
    return not (is_abbreviation and following)


def ends_clause(text: str) -> bool:
    """Whether `text` ends with a comma or a similar mark."""
    return text.rstrip(CLOSERS).endswith(tuple(CLAUSE_MARKS))
