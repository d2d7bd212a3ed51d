"""The marks that end a sentence or a clause, in any script: the one table of them."""

from __future__ import annotations

import re
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
PLAIN = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "’": "'", "‘": "'", "…": "...", "–": "-"}
)
"""Typographic marks and plain ones, for ``str.translate``: small translation models were trained
on plain marks, and translate ``It’s`` wrongly."""
TITLES = frozenset(
    "mr mrs ms messrs dr dra dres prof profa st sr sra sres sras srta jr mme mlle mgr hr fr dott "
    "sig ing avv ud uds vs approx capt cmdr col gen lt maj sgt adm cpl gov sen rep pres rev hon "
    "supt insp им ул тов проф акад".split()
)
"""Words whose period does not end a sentence."""
NUMBERED = frozenset(
    "no nos nr núm num nº vol fig figs p pp pg ch chap sec art abb kap bd jan feb mar apr jun jul "
    "aug sep sept oct nov dec".split()
)
"""Words whose period does not end a sentence before a number."""
AFTER_ORDINAL = frozenset(
    "januar jänner februar märz april mai juni juli august september oktober november dezember "
    "jahrhundert jahrhunderts weltkrieg klasse stock platz kapitel etage "
    "jahrestag geburtstag".split()
)
"""Words before which German has a number with a period: ``am 3. März``."""
DOTTED = re.compile(r"(?:[^\W\d_]\.){2,}")
"""``U.S.``, ``p.m.``, ``z.B.``. Where one ends a sentence, two sentences are taken for one, which
does less harm than one taken for two."""


def ends_sentence(text: str, following: str = "") -> bool:
    """Whether `text`, a word or more, ends a sentence. If `following`, the next word, starts
    with a small letter, the sentence goes on (``etc. and``, ``“Why?” he asked``)."""
    bare = text.rstrip(CLOSERS)
    if not bare.endswith(tuple(SENTENCE_MARKS)) or following.lstrip()[:1].islower():
        return False
    last = bare.rpartition(" ")[2].lstrip(OPENERS)
    return not (following and last.endswith(".") and _goes_on(last, following.strip()))


def _goes_on(last: str, following: str) -> bool:
    """Whether the period of the word `last` belongs to it, before the word `following`."""
    word, after = last[:-1].lower(), following.strip(OPENERS + CLOSERS + CLAUSE_MARKS + ".?!")
    if len(word) == 1 and word.isalpha():
        is_pair = DOTTED.fullmatch(last + following) is not None  # "z. B."
        return (last[0].isupper() and last != "I.") or is_pair
    if word.isdecimal():
        return len(word) <= 2 and after.lower() in AFTER_ORDINAL
    if word in NUMBERED and after[:1].isdecimal():
        return True
    return word in TITLES or DOTTED.fullmatch(last) is not None


def ends_clause(text: str) -> bool:
    """Whether `text` ends with a comma or a similar mark."""
    return text.rstrip(CLOSERS).endswith(tuple(CLAUSE_MARKS))
