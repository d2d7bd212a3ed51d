"""A text in rows: as few as may be, divided after a mark before anywhere else, and evenly.

Widths are counted in columns: a Latin letter is one, a full-width one is two, and a sign
that stands over another is none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from dubstage.text.languages import is_spaced, primary
from dubstage.text.punctuation import CLOSERS, SENTENCE_MARKS, ends_clause


@dataclass(frozen=True)
class Limits:
    """What a reader of a language can take in."""

    columns: int
    """Of one row."""
    columns_per_second: float


LIMITS = {
    "ja": Limits(26, 8.0),
    "ko": Limits(32, 24.0),
    "th": Limits(35, 17.0),
    "yue": Limits(32, 18.0),
    "zh": Limits(32, 18.0),
}
"""Netflix' Timed Text Style Guides: 13 full-width characters a row and 4 a second in
Japanese, 16 and 12 in Korean, 16 and 9 in Chinese, 35 letters in Thai."""
OTHER_LIMITS = Limits(42, 17.0)

LEADING_VOWELS = "เแโใไເແໂໃໄ"
TRAILING_VOWELS = "ะาำๅๆະາຳໆ"
"""Thai and Lao letters that stand before or after their consonant."""
SMALL_KANA = "ぁぃぅぇぉっゃゅょァィゥェォッャュョー々"
KHMER_JOINER = "\u17d2"


def limits_of(language: str) -> Limits:
    """The limits of a BCP 47 tag."""
    return LIMITS.get(primary(language), OTHER_LIMITS)


def width(text: str) -> int:
    """Columns."""
    return sum(_columns(character) for character in text)


def rows(text: str, language: str) -> list[str]:
    """The rows of `text`, none wider than the language's limit; none where it is empty."""
    longest = limits_of(language).columns
    spaced = is_spaced(language)
    atoms = [part for atom in _atoms(text, spaced) for part in _cut(atom, longest)]
    sums = [0, *accumulate(width(atom) for atom in atoms)]
    even = sums[-1] / max(-(-sums[-1] // longest), 1)
    # The best division of the atoms so far: how many rows, what it costs, where the last begins.
    best: list[tuple[int, float, int]] = [(0, 0.0, 0)]
    for end in range(1, len(atoms) + 1):
        cost = 0.0 if end == len(atoms) else _cost(atoms[end - 1], atoms[end], longest, spaced)
        options = []
        for start in range(end - 1, -1, -1):
            columns = sums[end] - sums[start] - atoms[start].startswith(" ")
            if columns > longest:
                break
            count, before, _ = best[start]
            options.append((count + 1, before + cost + (columns - even) ** 2, start))
        best.append(min(options))
    found: list[str] = []
    end = len(atoms)
    while end:
        start = best[end][2]
        found.insert(0, "".join(atoms[start:end]).strip())
        end = start
    return found


def _cost(last: str, following: str, longest: int, spaced: bool) -> float:
    """What it costs to end a row between two atoms: so many columns, squared, may a row be
    off the even length to end at a better place."""
    bare = last.rstrip(CLOSERS)
    if bare.endswith(tuple(SENTENCE_MARKS)):
        return 0.0
    is_phrase = not spaced and following.startswith(" ")
    if is_phrase or bare != last or ends_clause(last):
        return (longest / 8) ** 2
    return (longest / 4) ** 2


def _atoms(text: str, spaced: bool) -> Iterator[str]:
    """What is not divided, each with the space before it: words; where there are no spaces
    between words, letters with all that belongs to them."""
    for word in re.findall(r" ?\S+", " ".join(text.split())):
        if spaced:
            yield word
            continue
        atom = ""
        for character in word:
            if atom.strip() and not _belongs(atom[-1], character):
                yield atom
                atom = ""
            atom += character
        yield atom


def _belongs(before: str, character: str) -> bool:
    """True where no row may end between the two."""
    kind, kind_before = unicodedata.category(character), unicodedata.category(before)
    return (
        kind[0] == "M"
        or (kind[0] == "P" and kind not in ("Ps", "Pi"))
        or kind_before in ("Ps", "Pi")
        or character in SMALL_KANA + TRAILING_VOWELS
        or before in LEADING_VOWELS + KHMER_JOINER
        or (_is_latin(before) and _is_latin(character))
    )


def _is_latin(character: str) -> bool:
    return character < "\u0250"


def _cut(atom: str, longest: int) -> Iterator[str]:
    """An atom that is wider than a row, in pieces that are not."""
    piece, columns = "", 0
    for character in atom:
        more = _columns(character)
        if columns + more > longest and piece.strip():
            yield piece
            piece, columns = "", 0
        piece += character
        columns += more
    yield piece


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
