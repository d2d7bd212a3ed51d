"""Whole sentences out of segments, and their translations divided at the segments' bounds.

Pure functions of texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

from dubstage.text.languages import is_spaced
from dubstage.text.punctuation import ends_clause, ends_sentence
from dubstage.text.transcript import Segment

LONGEST_BREATH = 3.0
"""Seconds of silence in a sentence at most: after a longer one, a new sentence starts."""
LONGEST_SENTENCE = 600
"""Characters: a transcript without punctuation must not become one sentence."""
CLAUSE_BONUS = 0.15
"""How much further from its expected place a sentence is divided to do so after a comma, as a
share of its length."""


def continues(segment: Segment, following: Segment | None) -> bool:
    """Whether the sentence of `segment` continues in `following`, the next segment."""
    return (
        following is not None
        and following.speaker == segment.speaker
        and following.start - segment.end <= LONGEST_BREATH
        and any(character.isalpha() for character in following.text)
        and any(character.isalpha() for character in segment.text)
        and not ends_sentence(segment.text, following.text)
    )


def sentences(segments: Sequence[Segment]) -> list[list[Segment]]:
    """The segments, in order, those of one sentence together."""
    found: list[list[Segment]] = []
    for number, segment in enumerate(segments):
        previous = segments[number - 1] if number else None
        if (
            previous is not None
            and continues(previous, segment)
            and sum(len(part.text) for part in found[-1]) + len(segment.text) <= LONGEST_SENTENCE
        ):
            found[-1].append(segment)
        else:
            found.append([segment])
    return found


def joined(texts: Sequence[str], language: str) -> str:
    """The texts as one, with spaces if the language has them."""
    return (" " if is_spaced(language) else "").join(text.strip() for text in texts)


def divide(translation: str, texts: Sequence[str], language: str) -> list[str] | None:
    """`translation`, the translation of `texts` together, in one part for each of them, in
    proportion to their lengths, after a comma or between two words. None if there are too few
    words."""
    if len(texts) == 1:
        return [translation]
    words = _words(translation, language)
    if len(words) < len(texts):
        return None
    ends = list(accumulate(len(word) for word in words))
    wanted = [share / sum(map(len, texts)) for share in accumulate(map(len, texts))]
    parts, first = [], 0
    for number, share in enumerate(wanted[:-1]):
        last = len(words) - (len(texts) - 1 - number)
        place = min(
            range(first + 1, last + 1),
            key=lambda end: _distance(words[end - 1], ends[end - 1] / ends[-1], share),
        )
        parts.append("".join(words[first:place]).strip())
        first = place
    return [*parts, "".join(words[first:]).strip()]


def _distance(word: str, at: float, share: float) -> float:
    mark = ends_clause(word.strip()) or ends_sentence(word.strip())
    return abs(at - share) - (CLAUSE_BONUS if mark else 0.0)


def _words(text: str, language: str) -> list[str]:
    """Words with the spaces after them; characters, with the marks after them, in a language
    without spaces."""
    if is_spaced(language):
        return re.findall(r"\S+\s*", text)
    return re.findall(r"[A-Za-z0-9]+[^\w]*|\w[^\w]*|[^\w]+", text)
