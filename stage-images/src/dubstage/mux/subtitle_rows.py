"""The rows of a subtitle: as few as possible, ending after punctuation if they can, and of
equal width.

Widths are counted in columns. A Latin letter takes one, a full-width character two, and a
combining mark none.
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
    """What readers of a language can follow."""

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
"""Netflix' Timed Text Style Guides: 13 full-width characters per row and 4 per second in
Japanese, 16 and 12 in Korean, 16 and 9 in Chinese, 35 letters per row in Thai."""
OTHER_LIMITS = Limits(42, 17.0)

LEADING_VOWELS = "เแโใไເແໂໃໄ"
TRAILING_VOWELS = "ะาำๅๆະາຳໆ"
"""Thai and Lao letters that stand before or after their consonant."""
SMALL_KANA = "ぁぃぅぇぉっゃゅょァィゥェォッャュョー々"
KHMER_JOINER = "\u17d2"


def limits_of(language: str) -> Limits:
    """The limits for a language (BCP 47)."""
    return LIMITS.get(primary(language), OTHER_LIMITS)


def width(text: str) -> int:
    """The width of `text` in columns."""
    return sum(_columns(character) for character in text)


def rows(text: str, language: str, reserved: int = 0) -> list[str]:
    """The rows of `text`, none wider than the language's limit without `reserved` columns; none
    for an empty text."""
    longest = limits_of(language).columns - reserved
    spaced = is_spaced(language)
    atoms = [part for atom in _atoms(text, spaced) for part in _cut(atom, longest)]
    sums = [0, *accumulate(width(atom) for atom in atoms)]
    even = sums[-1] / max(-(-sums[-1] // longest), 1)
    # The best division of the atoms so far: its rows, its cost, where the last row starts.
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
    result: list[str] = []
    end = len(atoms)
    while end:
        start = best[end][2]
        result.insert(0, "".join(atoms[start:end]).strip())
        end = start
    return result


def _cost(last: str, following: str, longest: int, spaced: bool) -> float:
    """The cost of ending a row between two atoms: the square of the columns by which a row
    may differ from the average width to end at a better place."""
    bare = last.rstrip(CLOSERS)
    if bare.endswith(tuple(SENTENCE_MARKS)):
        return 0.0
    is_phrase = not spaced and following.startswith(" ")
    if is_phrase or bare != last or ends_clause(last):
        return (longest / 8) ** 2
    return (longest / 4) ** 2


def _atoms(text: str, spaced: bool) -> Iterator[str]:
    """The parts that are never divided, each with the space before it: words, or in a
    language without spaces between words, characters with the marks that belong to them."""
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
    """Whether no row may end between the two characters."""
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
    """The pieces of an atom, none of which is wider than a row."""
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
