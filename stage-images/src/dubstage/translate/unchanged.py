"""Whether a translation is the text itself, although it should not be: pure."""

from __future__ import annotations

INTERNATIONAL = frozenset(
    "ah aha bravo bye ciao eh ha hah hallelujah amen he hey hm hmm la mhm mm na no oh okay ok olé "
    "ooh ouch pff psst sh shh uh um wow yay".split()
)
"""Interjections that many languages share."""
PARTICLES = frozenset(
    "a al an and at bin d da das de del den der des di do dos du e el en et i ibn in l la las le "
    "les los of o on san st the u und van vom von y zu".split()
)
"""Small words within names: ``Bank of America``, ``Leonardo da Vinci``."""
LONGEST_NAMES = 8
"""Words of a line of names at most."""


def is_untranslated(text: str, translation: str) -> bool:
    """Whether a translation is empty, or the text unchanged. What is the same in both languages
    may stay as it is: a text without letters, one word, which may be a name, also if it is
    repeated, names, and interjections."""
    if not translation.strip():
        return True
    words = _words(text)
    lower = [word.casefold() for word in words]
    if lower != [word.casefold() for word in _words(translation)]:
        return False
    return len(set(lower)) > 1 and not set(lower) <= INTERNATIONAL and not _are_names(words)


def _are_names(words: list[str]) -> bool:
    """Whether the words are names, by their capitals. A text all in capitals shows nothing."""
    bare = [word for word in words if word.casefold() not in PARTICLES]
    has_capitals = bool(bare) and all(word[0].isupper() or word[0].istitle() for word in bare)
    is_shouted = all(word.isupper() for word in bare) and max(map(len, bare), default=0) > 4
    return has_capitals and not is_shouted and len(words) <= LONGEST_NAMES


def _words(text: str) -> list[str]:
    """The words of `text` that have letters, without punctuation."""
    bare = "".join(x if x.isalnum() or x.isspace() else " " for x in text)
    return [word for word in bare.split() if any(x.isalpha() for x in word)]
