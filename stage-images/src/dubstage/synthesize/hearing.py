"""What a recognizer hears in a take, compared with the text that was to be spoken. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from dubstage.text.spoken import in_words

SURE_LETTERS = 3
"""A shorter run of equal letters may be chance."""
MIN_LETTERS = 8
"""A recognizer guesses shorter texts. Of them, only a take that says nothing is misspoken."""
LOST_LETTERS, LOST_SHARE = 7, 0.12
"""As many letters in a row, and as large a share of the text, that are missing or added are
words, and not the recognizer's spelling."""
LAST_LETTERS, LAST_SHARE = 2, 0.75
"""The last word is missing if the text without it is nearer to what was heard, by this share of
its letters and at least by so few. A word that is misheard has other letters in its place, which
leave both texts about as near."""
FIRST_LETTERS, FIRST_REST_ERRORS = 3, 0.1
"""The first word, which fast speech shortens, is missing if it has as many letters, none of them
was heard, and no larger share of the rest is wrong."""
GARBLED_SHARE = 0.4
"""With a larger share of wrong letters, it is another text, or another language."""
UNSURE, UNSURE_LETTERS = -0.8, 16
"""Mean log probability below which the recognizer hears another language, which it may even
translate. Speech in the right one is above -0.5, except short texts."""


@dataclass(frozen=True)
class Hearing:
    """How a take differs from its text."""

    error_rate: float
    """Letters that are wrong, missing or added, as a share of the text's."""
    missing: int
    """The most letters in a row that the take lacks."""
    added: int
    """The most letters in a row that it has in addition."""
    letters: int
    """Letters of the text."""
    confidence: float = 0.0
    """Mean log probability of what was heard."""
    lacks_edge: bool = False
    """Whether the first or the last word is missing, even a short one: speech that begins late or
    ends early."""

    @property
    def is_misspoken(self) -> bool:
        """Whether words are missing, added or others."""
        if self.letters < MIN_LETTERS:
            return self.missing >= self.letters > 0
        is_unsure = self.letters >= UNSURE_LETTERS and self.confidence < UNSURE
        if is_unsure or self.lacks_edge:
            return True
        lost = max(self.missing, self.added)
        return (
            lost >= max(LOST_LETTERS, LOST_SHARE * self.letters) or self.error_rate >= GARBLED_SHARE
        )


def compare(text: str, heard: str, language: str, confidence: float = 0.0) -> Hearing:
    """Compare a text with what was heard, both as they are spoken in `language`, without regard
    to case, accents, spaces and punctuation. `confidence`: as in :class:`Hearing`."""
    from rapidfuzz.distance import Levenshtein

    expected, found = (_letters(part, language) for part in (text, heard))
    distance = Levenshtein.distance(expected, found)
    missing = added = 0
    for lost, gained in _differences(expected, found):
        missing, added = max(missing, lost - gained), max(added, gained - lost)
    words = [word for word in text.split() if any(map(str.isalnum, word))]
    whole = _letters(" ".join(words), language)
    errors = distance if whole == expected else Levenshtein.distance(whole, found)
    last, first = (
        _without(_letters(" ".join(rest), language), found, len(whole), errors)
        for rest in (words[:-1], words[1:])
    )
    lacks_edge = _lacks_last(last) or _lacks_first(first)
    return Hearing(
        distance / max(len(expected), 1), missing, added, len(expected), confidence, lacks_edge
    )


@dataclass(frozen=True)
class _Rest:
    """A text without its first or last word, compared with what was heard."""

    letters: int
    """Letters of the word that it lacks."""
    gain: int
    """By how many letters it is nearer to what was heard than the text is."""
    error_rate: float
    """Share of its letters that is wrong."""


def _lacks_last(rest: _Rest) -> bool:
    """Whether the last word is missing in what was heard. `rest`: the text without it."""
    return rest.gain >= max(LAST_LETTERS, LAST_SHARE * rest.letters)


def _lacks_first(rest: _Rest) -> bool:
    """Whether the first word is missing in what was heard. `rest`: the text without it."""
    return rest.gain >= max(FIRST_LETTERS, rest.letters) and rest.error_rate <= FIRST_REST_ERRORS


def _without(rest: str, found: str, letters: int, errors: int) -> _Rest:
    """Compare the letters `rest` with those that were `found`. `letters`: of the whole text, and
    `errors`: those of them that are wrong."""
    from rapidfuzz.distance import Levenshtein

    if not rest:
        return _Rest(0, 0, 0.0)
    wrong = Levenshtein.distance(rest, found)
    return _Rest(letters - len(rest), errors - wrong, wrong / len(rest))


def _differences(expected: str, found: str) -> Iterator[tuple[int, int]]:
    """The lengths of the parts that differ, between runs of equal letters."""
    from rapidfuzz.distance import Levenshtein

    ends = (0, 0)
    for part in Levenshtein.opcodes(expected, found):
        if part.tag == "equal" and part.src_end - part.src_start >= SURE_LETTERS:
            yield part.src_start - ends[0], part.dest_start - ends[1]
            ends = (part.src_end, part.dest_end)
    yield len(expected) - ends[0], len(found) - ends[1]


def _letters(text: str, language: str) -> str:
    plain = unicodedata.normalize("NFKD", in_words(text, language).casefold())
    return "".join(letter for letter in plain if unicodedata.category(letter)[0] in "LN")
